"""A reverse proxy in front of one upstream server, which can be asked to reload and to drain."""

import asyncio
import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import http1  # type: ignore[import-not-found]
from durations import Durations  # type: ignore[import-not-found]

CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 60.0
PLAIN = [("Content-Type", "text/plain; charset=utf-8")]


class Proxy:
    """What a function adds, it overrides: `refusal`, `request_headers`, `response`."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.durations = Durations()
        self.in_flight = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self.draining = False
        self.server: asyncio.Server | None = None
        self.read_config()

    def read_config(self) -> None:
        self.config: dict[str, Any] = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())
        host, _, port = str(self.config["upstream"]).partition(":")
        if not host or not port.isdigit():
            raise ValueError(f"upstream must be like 10.0.0.1:8080, not {self.config['upstream']!r}")
        self.upstream = (host, int(port))

    async def run(self) -> None:
        control = Path(os.environ["INTERLACE_DIR"]) / "control.sock"
        control.unlink(missing_ok=True)
        await self.listen()
        async with await asyncio.start_unix_server(self.told, control) as server:
            await server.serve_forever()

    async def listen(self) -> None:
        old, port = self.server, self.config["listen"]
        if old is None or old.sockets[0].getsockname()[1] != port:
            self.server = await asyncio.start_server(self.connection, None, port, limit=http1.HEAD_LIMIT)
            if old is not None:
                old.close()

    async def told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a word from tell.py."""
        word = (await reader.readline()).decode().strip()
        words = {"check": self.check, "reload": self.reload, "drain": self.drain, "report": self.report}
        try:
            said = await words[word]()
        except (OSError, ValueError, KeyError) as error:
            said = f"error: {error}"
        writer.write(f"{said}\n".encode())
        writer.close()

    async def check(self) -> str:
        return f"{self.in_flight} requests in flight"

    async def reload(self) -> str:
        self.read_config()
        await self.listen()
        return "ok"

    async def drain(self) -> str:
        self.draining = True
        assert self.server is not None
        self.server.close()
        await self.idle.wait()
        return "ok"

    async def report(self) -> str:
        return json.dumps({**self.counts, "durations_s": self.durations.report()})

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            try:
                while (head := await http1.read_head(reader)) and await self.counted(head, reader, writer):
                    pass
            except http1.ProtocolError as error:
                self.counts["bad_requests"] += 1
                await answer(writer, error.status, str(error), keep=False)
        writer.close()

    async def counted(self, head: Any, reader: Any, writer: Any) -> bool:
        self.in_flight += 1
        self.idle.clear()
        began = time.monotonic()
        try:
            return await self.exchange(head, reader, writer)
        finally:
            self.durations.took(time.monotonic() - began)
            self.in_flight -= 1
            if not self.in_flight:
                self.idle.set()

    async def exchange(self, head: Any, reader: Any, writer: Any) -> bool:
        """Serve one request; whether the connection goes on."""
        if head.first[2] not in ("HTTP/1.1", "HTTP/1.0"):
            raise http1.bad("the first line is not like `GET /path HTTP/1.1`")
        self.counts["requests"] += 1
        keep = keeps(head) and not self.draining
        if refused := self.refusal(head):
            await answer(writer, "403 Forbidden", refused, keep)
            return await skipped(head, reader) and keep
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                there, upstream = await asyncio.open_connection(*self.upstream, limit=http1.HEAD_LIMIT)
        except (OSError, TimeoutError) as error:
            self.counts["upstream_failures"] += 1
            reason = str(error) or f"no connection within {CONNECT_TIMEOUT:g} s"
            await answer(
                writer, "502 Bad Gateway", f"upstream {':'.join(map(str, self.upstream))}: {reason}", keep
            )
            return await skipped(head, reader) and keep
        try:
            return await self.passed(head, reader, writer, there, upstream) and keep
        finally:
            upstream.close()

    async def passed(self, head: Any, reader: Any, writer: Any, there: Any, upstream: Any) -> bool:
        """Send the request on and its response back, both as they come."""
        if (head.get("expect") or "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length, headers = head.length, [*self.request_headers(head), ("Connection", "close")]
        headers += framing(head.chunked, length)
        upstream.write(head.encoded(headers))
        whole = False
        with contextlib.suppress(ConnectionError):  # it may have answered before it read all
            await http1.send_body(upstream, http1.body(reader, head, False), head.chunked)
            whole = True
        try:
            response = await final_head(there)
        except (http1.ProtocolError, OSError) as error:
            self.counts["upstream_failures"] += 1
            await answer(writer, "502 Bad Gateway", f"no answer from the upstream: {error}", False)
            return False
        await self.respond(head, response, there, writer)
        return whole

    async def respond(self, head: Any, response: Any, there: Any, writer: Any) -> None:
        bodiless = head.first[0] == "HEAD" or response.first[1] in ("204", "304")
        headers, pieces, length = self.response(head, response, http1.body(there, response, True))
        old = head.first[2] == "HTTP/1.0"
        chunked = length is None and not old and not bodiless
        ends = self.draining or not keeps(head)
        headers = [*headers, *framing(chunked, length), ("Connection", "close" if ends else "keep-alive")]
        response.first = ("HTTP/1.1", *response.first[1:])
        writer.write(response.encoded(headers))
        try:
            await http1.send_body(writer, nothing() if bodiless else pieces, chunked)
        except http1.ProtocolError as error:  # too late for a status: a cut connection says it
            self.counts["upstream_failures"] += 1
            raise ConnectionError(str(error)) from None

    def refusal(self, head: Any) -> str | None:
        return None

    def request_headers(self, head: Any) -> list[tuple[str, str]]:
        headers: list[tuple[str, str]] = head.passed_on()
        return headers

    def response(self, head: Any, response: Any, pieces: AsyncIterator[bytes]) -> tuple[Any, Any, int | None]:
        """Headers, body and its length, where that is known before."""
        return response.passed_on(), pieces, response.length


async def final_head(there: asyncio.StreamReader) -> Any:
    while head := await http1.read_head(there, ANSWER_TIMEOUT):
        if not head.first[1].startswith("1"):
            return head
    raise ConnectionError("it closed the connection without one, or took too long")


async def answer(writer: asyncio.StreamWriter, status: str, message: str, keep: bool) -> None:
    content = f"{message}\n".encode()
    ending = [("Content-Length", str(len(content))), ("Connection", "keep-alive" if keep else "close")]
    head = http1.Head(("HTTP/1.1", *status.split(" ", 1)), [])
    writer.write(head.encoded([*PLAIN, *ending]) + content)
    await writer.drain()


async def skipped(head: Any, reader: asyncio.StreamReader) -> bool:
    """Read a body that nobody wants, as closing on it could lose the answer; False where it is not coming."""
    if head.get("expect"):
        return False
    async for _ in http1.body(reader, head, False):
        pass
    return True


def keeps(head: Any) -> bool:
    words = (head.get("connection") or "").lower()
    return "close" not in words if head.first[2] == "HTTP/1.1" else False


def framing(chunked: bool, length: int | None) -> list[tuple[str, str]]:
    if chunked:
        return [("Transfer-Encoding", "chunked")]
    return [] if length is None else [("Content-Length", str(length))]


async def nothing() -> AsyncIterator[bytes]:
    return
    yield b""
