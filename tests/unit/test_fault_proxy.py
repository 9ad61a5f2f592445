"""The fault proxy, between a real client and a real server."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from lab.faults.proxy import FaultProxy
from lab.faults.rules import Call, Fault


class Service(BaseHTTPRequestHandler):
    """Tells what it was asked; remembers it."""

    protocol_version = "HTTP/1.1"
    seen: list[str] = []

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        if self.path.endswith("/watch"):
            self.watch()
            return
        length = int(self.headers.get("Content-Length") or 0)
        told = {
            "host": self.headers["Host"],
            "token": self.headers["X-Auth-Token"],
            "body": self.rfile.read(length).decode(),
        }
        data = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        self.do_GET()

    def watch(self) -> None:
        """Two lines, half a second apart, with no length said."""
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"first\n")
        time.sleep(0.5)
        self.wfile.write(b"second\n")
        self.close_connection = True


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    Service.seen = []
    yield f"http://127.0.0.1:{server.server_port}/v2"
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(service: str) -> Iterator[FaultProxy]:
    with FaultProxy(service) as running:
        yield running


def test_a_request_passes_and_is_counted(proxy: FaultProxy) -> None:
    answer = requests.post(f"{proxy.url}/servers?limit=1", data="x" * 100_000, timeout=60)
    assert answer.json()["body"] == "x" * 100_000
    assert proxy.calls == [Call("POST", "/v2/servers?limit=1")]
    assert proxy.count("POST", r"/servers\b") == 1
    assert proxy.count("GET") == 0


def test_a_body_in_chunks_arrives_whole(proxy: FaultProxy) -> None:
    answer = requests.post(f"{proxy.url}/images", data=iter([b"one", b"two"]), timeout=60)
    assert answer.json()["body"] == "onetwo"


def test_links_of_answers_lead_through_the_proxy(proxy: FaultProxy) -> None:
    assert requests.get(f"{proxy.url}/x", timeout=60).json()["host"] in proxy.url


def test_a_status_never_reaches_the_service(proxy: FaultProxy) -> None:
    proxy.add(Fault(method="POST", path="/servers", status=503, headers={"Retry-After": "7"}, times=1))
    refused = requests.post(f"{proxy.url}/servers", timeout=60)
    assert (refused.status_code, refused.text, refused.headers["Retry-After"]) == (
        503,
        "an injected fault",
        "7",
    )
    assert Service.seen == []
    assert requests.post(f"{proxy.url}/servers", timeout=60).status_code == 200


def test_a_lost_answer_took_effect(proxy: FaultProxy) -> None:
    proxy.add(Fault(path="/servers", lose_answer=True))
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{proxy.url}/servers", timeout=60)
    assert Service.seen == ["POST /v2/servers"]


def test_a_dropped_request_took_none(proxy: FaultProxy) -> None:
    proxy.add(Fault(drop=True))
    with pytest.raises(requests.ConnectionError):
        requests.post(f"{proxy.url}/servers", timeout=60)
    assert Service.seen == []


def test_a_delay_is_waited(proxy: FaultProxy) -> None:
    remove = proxy.add(Fault(delay_s=0.3))
    began = time.monotonic()
    assert requests.get(f"{proxy.url}/x", timeout=60).ok
    assert time.monotonic() - began >= 0.3
    remove()
    proxy.add(Fault(delay_s=30))
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{proxy.url}/x", timeout=0.2)


def test_the_third_of_four_fails(proxy: FaultProxy) -> None:
    proxy.add(Fault(path="/x", status=500, skip=2, times=1))
    assert [requests.get(f"{proxy.url}/x", timeout=60).status_code for _ in range(4)] == [200, 200, 500, 200]


def test_a_token_is_replaced(proxy: FaultProxy) -> None:
    proxy.add(Fault(replace={"X-Auth-Token": "expired"}, times=1))
    told = [
        requests.get(f"{proxy.url}/x", headers={"x-auth-token": "good"}, timeout=60).json() for _ in range(2)
    ]
    assert [one["token"] for one in told] == ["expired", "good"]


def test_a_watch_is_passed_on_as_it_comes(proxy: FaultProxy) -> None:
    began = time.monotonic()
    with requests.get(f"{proxy.url}/watch", stream=True, timeout=60) as answer:
        lines = ((line, time.monotonic() - began) for line in answer.iter_lines(chunk_size=1))
        assert (first := next(lines))[0] == b"first"
        assert (second := next(lines))[0] == b"second"
    assert second[1] - first[1] > 0.3


def test_a_service_that_is_gone_is_502(service: str) -> None:
    with FaultProxy("http://127.0.0.1:9/") as proxy:
        answer = requests.get(f"{proxy.url}/x", timeout=60)
    assert answer.status_code == 502
    assert "refused" in answer.text.lower()


def test_clear_forgets_faults_and_calls(proxy: FaultProxy) -> None:
    proxy.add(Fault(status=500))
    assert requests.get(f"{proxy.url}/x", timeout=60).status_code == 500
    proxy.clear()
    assert proxy.calls == []
    assert requests.get(f"{proxy.url}/x", timeout=60).status_code == 200


def test_after_stop_a_kept_connection_is_closed(service: str) -> None:
    proxy = FaultProxy(service).start()
    with requests.Session() as session:
        assert session.get(f"{proxy.url}/x", timeout=60).ok
        proxy.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(f"{proxy.url}/x", timeout=60)
