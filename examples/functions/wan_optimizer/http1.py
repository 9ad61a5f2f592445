"""HTTP/1.1 as a proxy needs it: heads parsed strictly, bodies streamed, every wait limited."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from typing import Any

HEAD_LIMIT = 64 * 1024
PIECE = 64 * 1024
HEAD_TIMEOUT = 10.0
"""For a whole head, so that one sent byte by byte does not hold a connection."""
BODY_TIMEOUT = 30.0
"""For each piece of a body."""

TOKEN = re.compile(rb"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect"}
HOP_BY_HOP |= {"transfer-encoding", "content-length"}
"""Not passed on: each side's framing is its own."""


class ProtocolError(Exception):
    """What was received is not HTTP/1.1, or not in time; `status` is the answer to it."""

    def __init__(self, status: str, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass
class Head:
    """A request's or a response's first line and headers."""

    first: tuple[str, str, str]
    headers: list[tuple[str, str]]

    def get(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(values) if values else None

    def passed_on(self) -> list[tuple[str, str]]:
        named = {word.strip().lower() for word in (self.get("connection") or "").split(",")}
        return [(key, value) for key, value in self.headers if key.lower() not in HOP_BY_HOP | named]

    @property
    def chunked(self) -> bool:
        return self.get("transfer-encoding") is not None

    @property
    def length(self) -> int | None:
        text = self.get("content-length")
        return None if text is None or self.chunked else int(text)

    def encoded(self, headers: list[tuple[str, str]]) -> bytes:
        lines = [" ".join(self.first).rstrip(), *(f"{key}: {value}" for key, value in headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def read_head(reader: asyncio.StreamReader, patience: float = HEAD_TIMEOUT) -> Head | None:
    """The next head; None where the other side has closed, or is silent, between two."""
    data = bytearray()
    try:
        async with asyncio.timeout(patience):
            await collect(reader, data)
    except TimeoutError:
        if data:
            raise ProtocolError("408 Request Timeout", "the head was not complete in time") from None
    except ValueError:  # longer than the reader's limit
        raise too_large() from None
    return parsed(bytes(data)) if data else None


async def collect(reader: asyncio.StreamReader, data: bytearray) -> None:
    """Lines up to the empty one; empty lines before the first do not count."""
    while not data.endswith(b"\r\n\r\n"):
        line = await reader.readline()
        if line != b"\r\n" or data:
            data += line
        if len(data) > HEAD_LIMIT:
            raise too_large()
        if not line.endswith(b"\n"):
            break


def parsed(data: bytes) -> Head:
    if not data.endswith(b"\r\n\r\n"):
        raise bad("the head ends too early")
    first, *lines = data[:-4].split(b"\r\n")
    words = first.split(b" ", 2)
    if len(words) < 2 or b"\0" in data or b"\r" in data.replace(b"\r\n", b""):
        raise bad("the first line or a header holds what HTTP does not allow")
    headers = []
    for line in lines:
        key, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(key) or b"\n" in line:
            raise bad(f"a header is not like `Name: value`: {line[:40]!r}")
        headers.append((key.decode("latin-1"), value.strip().decode("latin-1")))
    one, two, three = (*(word.decode("latin-1") for word in words), "")[:3]
    head = Head((one, two, three), headers)
    check_framing(head)
    return head


def check_framing(head: Head) -> None:
    """Refuse what two servers could read differently: the way requests are smuggled."""
    coding, length = head.get("transfer-encoding"), head.get("content-length")
    if coding is not None and (coding.lower() != "chunked" or length is not None):
        raise bad("Transfer-Encoding must be chunked, without Content-Length")
    if length is not None and not (length.isascii() and length.isdigit()):
        raise bad("Content-Length must be one number")


async def body(reader: asyncio.StreamReader, head: Head, to_the_end: bool) -> AsyncIterator[bytes]:
    """A body's pieces, without their framing; to the end of the connection where it has none."""
    if head.chunked:
        async for piece in chunks(reader):
            yield piece
    elif head.length is not None:
        async for piece in exactly(reader, head.length):
            yield piece
    elif to_the_end:
        while piece := await limited(reader.read(PIECE)):
            yield piece


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := chunk_size(await line(reader)):
        async for piece in exactly(reader, size):
            yield piece
        if await line(reader) != b"\r\n":
            raise bad("a chunk is longer than it says")
    while await line(reader) != b"\r\n":  # trailers
        pass


async def exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    while size > 0:
        piece = await limited(reader.read(min(size, PIECE)))
        if not piece:
            raise bad("the body ends too early")
        size -= len(piece)
        yield piece


async def line(reader: asyncio.StreamReader) -> bytes:
    try:
        text = await limited(reader.readline())
    except ValueError:
        raise bad("a line of the body is too long") from None
    if not text.endswith(b"\n"):
        raise bad("the body ends too early")
    return text


def chunk_size(text: bytes) -> int:
    digits = text.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", digits):
        raise bad(f"a chunk's size is no number: {digits[:20]!r}")
    return int(digits, 16)


async def limited(reading: Coroutine[Any, Any, bytes]) -> bytes:
    try:
        return await asyncio.wait_for(reading, BODY_TIMEOUT)
    except TimeoutError:
        raise ProtocolError("408 Request Timeout", "the body was not sent in time") from None


async def send_body(writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes], chunked: bool) -> int:
    """Pass pieces on as they come; how many bytes they were."""
    total = 0
    async for piece in pieces:
        if piece:
            total += len(piece)
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await flushed(writer)
    if chunked:
        writer.write(b"0\r\n\r\n")
    await flushed(writer)
    return total


async def flushed(writer: asyncio.StreamWriter) -> None:
    """Wait for a slow receiver, but not for ever."""
    async with asyncio.timeout(BODY_TIMEOUT):
        await writer.drain()


def bad(message: str) -> ProtocolError:
    return ProtocolError("400 Bad Request", message)


def too_large() -> ProtocolError:
    return ProtocolError("431 Request Header Fields Too Large", f"more than {HEAD_LIMIT} bytes of headers")
