"""A reverse proxy on 127.0.0.1 in front of one HTTP service: it counts requests, and fails those it shall.

with FaultProxy("http://127.0.0.1:8774/v2.1") as proxy:
    proxy.add(Fault(method="POST", path=r"/servers$", lose_answer=True, times=1))
    client.connect(proxy.url)
    assert proxy.count("POST", r"/servers$") == 2
"""

import ssl
import threading
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

from lab.faults.rules import Call, Counted, Fault, matches

_UPSTREAM_S = 300.0
_CHUNK = 65536
_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
"""Headers that concern one connection, not the whole way."""


class FaultProxy:
    """Serves from `start` (or `with`) until `stop`, in threads of this process.

    :param upstream: the service; a path in it is kept as a prefix of `url`
    :param tls: for an https upstream, such as one with a client certificate
    """

    def __init__(self, upstream: str, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(upstream)
        self._address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._prefix = parts.path.rstrip("/")
        self._faults: list[Counted] = []
        self._calls: list[Call] = []
        self._guard = threading.Lock()
        self._halt = threading.Event()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """To be used instead of the upstream's."""
        return f"http://127.0.0.1:{self._server.server_port}{self._prefix}"

    def start(self) -> "FaultProxy":
        """Serve from now on."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Serve no more; requests that wait are given up, and so are connections that are kept open."""
        self._halt.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "FaultProxy":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def add(self, fault: Fault) -> Callable[[], None]:
        """Inject a fault after those that are there; the first that matches a request takes it.

        :returns: what removes it again
        """
        counted = Counted(fault)
        with self._guard:
            self._faults.append(counted)
        return lambda: self._remove(counted)

    def clear(self) -> None:
        """Remove all faults and forget all calls."""
        with self._guard:
            self._faults.clear()
            self._calls.clear()

    @property
    def calls(self) -> list[Call]:
        """All requests since the last `clear`, in the order in which they came."""
        with self._guard:
            return list(self._calls)

    def count(self, method: str = "", path: str = "") -> int:
        """How many requests match, by the rules of Fault."""
        wanted = Fault(method=method, path=path)
        return sum(matches(wanted, call) for call in self.calls)

    def _remove(self, counted: "Counted") -> None:
        with self._guard:
            self._faults = [other for other in self._faults if other is not counted]

    def take(self, call: Call) -> Fault:
        """Write a request down, and say what happens to it."""
        with self._guard:
            self._calls.append(call)
            return next((one.fault for one in self._faults if one.takes(call)), Fault())

    def wait(self, seconds: float) -> bool:
        """Wait, at most until the proxy stops; False when it did."""
        return not self._halt.wait(seconds)

    def connect(self) -> HTTPConnection:
        """A new connection to the service."""
        host, port = self._address
        if self._tls:
            return HTTPSConnection(host, port, timeout=_UPSTREAM_S, context=self._tls)
        return HTTPConnection(host, port, timeout=_UPSTREAM_S)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Calls are counted, not printed."""

    def _handle(self) -> None:
        proxy = self.server.proxy
        body = self._body()
        fault = proxy.take(Call(self.command, self.path))
        if not proxy.wait(fault.delay_s) or fault.drop:
            self.close_connection = True
        elif fault.status is not None:
            self._answer(fault.status, fault.headers, fault.body.encode())
        else:
            self._forward(fault, body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method is handled the same."""
        if name.startswith("do_"):
            return self._handle
        raise AttributeError(name)

    def _body(self) -> bytes | None:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            return b"".join(self._chunks())
        length = int(self.headers.get("Content-Length") or 0)
        return self.rfile.read(length) if length else None

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            continue

    def _forward(self, fault: Fault, body: bytes | None) -> None:
        connection = self.server.proxy.connect()
        try:
            connection.request(self.command, self.path, body, self._request_headers(fault))
            answer = connection.getresponse()
        except (OSError, HTTPException) as error:
            self._answer(502, {}, f"the service behind the proxy: {error}".encode())
        else:
            if fault.lose_answer:
                answer.read()
                self.close_connection = True
            else:
                self._pass_on(answer)
        finally:
            connection.close()

    def _request_headers(self, fault: Fault) -> dict[str, str]:
        """With the client's Host: links in answers then lead through the proxy again."""
        replaced = {name.lower() for name in fault.replace} | _HOP
        kept = {name: value for name, value in self.headers.items() if name.lower() not in replaced}
        return {**kept, **fault.replace}

    def _pass_on(self, answer: HTTPResponse) -> None:
        """As it comes, since it may be a watch that never ends."""
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        bodiless = self.command == "HEAD" or answer.status in (204, 304)
        streams = answer.getheader("Content-Length") is None and not bodiless
        if streams:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(_CHUNK):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if streams else piece)
        if streams:
            self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in {"Content-Type": "text/plain", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
