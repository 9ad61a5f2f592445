#!/usr/bin/env python3
"""One end of a WAN that carries HTTP: the far end compresses what is worth it, the near end restores it.

The near end (expand) marks its requests; only marked ones are answered compressed. So either end may be
missing, and a client never receives what it cannot read.
"""

import asyncio
import json
import sys
import zlib
from collections.abc import AsyncIterator
from typing import Any

from proxy import Proxy  # type: ignore[import-not-found]

MARK = "x-interlace-wan"
LENGTH = "x-interlace-wan-length"
GZIP = 31
"""zlib's window bits for the gzip format."""

WORTH_IT = (
    *("text/", "image/svg", "image/bmp", "image/x-ms-bmp", "image/tiff", "image/x-portable", "font/ttf"),
    *("application/json", "application/javascript", "application/xml", "application/xhtml"),
    *("application/wasm", "application/x-ndjson"),
)
"""Starts of the media types whose content is not compressed already."""


class Optimizer(Proxy):  # type: ignore[misc]
    @property
    def expands(self) -> bool:
        return bool(self.config["role"] == "expand")

    def request_headers(self, head: Any) -> list[tuple[str, str]]:
        headers = without_marks(super().request_headers(head))
        return [*headers, (MARK, "gzip")] if self.expands else headers

    def response(self, head: Any, response: Any, pieces: AsyncIterator[bytes]) -> tuple[Any, Any, int | None]:
        headers, pieces, length = super().response(head, response, pieces)
        before, after = "bytes_before", "bytes_after"
        if self.expands and response.get(MARK) == "gzip":
            original = response.get(LENGTH)
            length = int(original) if original and original.isdigit() else None
            pieces = self.metered(restored(self.metered(pieces, before)), after)
        elif not self.expands and head.get(MARK) == "gzip" and worth_it(head, response):
            marks = [(MARK, "gzip"), *([] if length is None else [(LENGTH, str(length))])]
            pieces = self.metered(compressed(self.metered(pieces, before)), after)
            return [*headers, *marks], pieces, None
        else:
            pieces = self.metered(self.metered(pieces, before), after)
        return without_marks(headers), pieces, length

    async def metered(self, pieces: AsyncIterator[bytes], name: str) -> AsyncIterator[bytes]:
        async for piece in pieces:
            self.counts[name] += len(piece)
            yield piece

    async def report(self) -> str:
        numbers = {"requests": 0, "bytes_before": 0, "bytes_after": 0, "upstream_failures": 0}
        told = {"role": self.config["role"], **numbers, **self.counts}
        return json.dumps({**told, "durations_s": self.durations.report()})


def worth_it(head: Any, response: Any) -> bool:
    kind = (response.get("content-type") or "").lower()
    has_body = head.first[0] != "HEAD" and response.first[1] not in ("204", "304")
    return has_body and response.get("content-encoding") is None and kind.startswith(WORTH_IT)


def without_marks(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(key, value) for key, value in headers if key.lower() not in (MARK, LENGTH)]


async def compressed(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Each piece can be read as soon as it arrives: a page that is sent slowly is not held back."""
    compressor = zlib.compressobj(6, wbits=GZIP)
    async for piece in pieces:
        yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
    yield compressor.flush()


async def restored(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    decompressor = zlib.decompressobj(wbits=GZIP)
    async for piece in pieces:
        while piece:
            yield decompressor.decompress(piece, 1 << 20)
            piece = decompressor.unconsumed_tail
    yield decompressor.flush()
    if not decompressor.eof:
        raise ConnectionError("the compressed body ended too early")


if __name__ == "__main__":
    try:
        asyncio.run(Optimizer().run())
    except (OSError, ValueError) as error:
        sys.exit(f"wan-optimizer: {error}")
    except KeyboardInterrupt:
        pass
