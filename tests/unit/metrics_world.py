"""An HTTP server whose answers a test decides, and expositions to answer with."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Reply = tuple[int, bytes]
Answering = Callable[[str, Mapping[str, str]], Reply]

LABELS = {"service": "shop", "component": "web", "instance": "web-1", "pop": "north", "tenant": "default"}


class Site:
    """Where the server is, and who asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.headers: list[Mapping[str, str]] = []


@contextmanager
def site(answer: Answering) -> Iterator[Site]:
    """A server on loopback that answers as told: (path, query or form) -> (status, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, query: str) -> None:
            told = {name: values[0] for name, values in parse_qs(query).items()}
            path = urlsplit(self.path).path
            here.asked.append((path, told))
            here.headers.append(dict(self.headers))
            status, body = answer(path, told)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                return  # who asked has heard enough

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Site(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


def line(name: str, value: object, **more: str) -> str:
    """A line of an exposition, of web-1 unless said otherwise."""
    labels = ",".join(f'{key}="{each}"' for key, each in {**LABELS, **more}.items())
    return f"{name}{{{labels}}} {value}"


def exposed(at: float, *lines: str, **more: str) -> bytes:
    """An exposition in which an instance was seen at a moment."""
    seen = line("interlace_instance_observed_timestamp_seconds", at, **more)
    vcpus = line("interlace_instance_vcpus", 2, **more)
    return "\n".join((seen, vcpus, *lines, "")).encode()


def in_turn(*bodies: bytes | Reply) -> Answering:
    """Each once, the last again and again."""
    left = list(bodies)

    def answer(path: str, query: Mapping[str, str]) -> Reply:
        body = left.pop(0) if len(left) > 1 else left[0]
        return (200, body) if isinstance(body, bytes) else body

    return answer


def hanging(path: str, query: Mapping[str, str]) -> Reply:
    """No answer for long."""
    time.sleep(3)
    return 200, b""
