"""A backend of Terraform's kind `http`, with locks: states and locks by path."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Backend:
    """What it holds, and whether it takes anything."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.states: dict[str, bytes] = {}
        self.locks: dict[str, bytes] = {}
        self.away = False
        """Nothing is written or unlocked any more."""
        self.reads = 0

    def settings(self) -> dict[str, object]:
        """`vim.settings.backend` of a PoP."""
        address = f"{self.address}/{{pop}}/{{service}}/{{component}}"
        verbs = {"lock_method": "PUT", "unlock_method": "DELETE"}
        locked = {"lock_address": f"{address}.lock", "unlock_address": f"{address}.lock"}
        return {"type": "http", "config": {"address": address, **locked, **verbs, "retry_max": 0}}

    def get(self, path: str) -> tuple[int, bytes]:
        self.reads += 1
        return (200, self.states[path]) if path in self.states else (404, b"")

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        if self.away:
            return 503, b""
        self.states[path] = body
        return 200, b""

    def lock(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path in self.locks:
            return 423, self.locks[path]
        self.locks[path] = body
        return 200, b""

    def unlock(self, path: str, body: bytes) -> tuple[int, bytes]:
        self.locks.pop(path, None)
        return 200, b""

    def lock_as(self, path: str, who: str, created: str) -> None:
        """A lock of somebody else."""
        info = {"ID": "11111111-2222-3333-4444-555555555555", "Operation": "OperationTypeApply"}
        more = {"Info": "", "Who": who, "Version": "1.11.4", "Created": created, "Path": ""}
        self.locks[path] = json.dumps({**info, **more}).encode()


@contextmanager
def backend() -> Iterator[Backend]:
    """One on a free port of 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    made = Backend(f"http://127.0.0.1:{server.server_address[1]}")
    server.backend = made  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(*self._backend.get(self.path))

    def do_POST(self) -> None:
        self._answer(*self._backend.post(self.path.partition("?")[0], self._body()))

    def do_PUT(self) -> None:
        self._answer(*self._backend.lock(self.path, self._body()))

    def do_DELETE(self) -> None:
        self._answer(*self._backend.unlock(self.path, self._body()))

    def log_message(self, format: str, *arguments: object) -> None:
        """Into no test's output."""

    @property
    def _backend(self) -> Backend:
        found: Backend = self.server.backend  # type: ignore[attr-defined]
        return found

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
