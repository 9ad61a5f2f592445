"""How the adaptors' benchmark counts what is asked of a cloud, and what it makes of that."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import urllib3

from bench.vim.races import Looks, Pair, Run
from bench.vim.reporting import _one_rows, _six_rows, _slow_rows
from bench.vim.traffic import RUN, listening


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def counted() -> Iterator[list[tuple[str, str]]]:
    said: list[tuple[str, str]] = []
    with listening() as heard:
        yield said
    said += [(each.method, each.path) for each in heard]


def test_requests_of_every_client_library_count_once_with_their_bodies(url: str) -> None:
    with counted() as said:
        requests.post(f"{url}/v3/auth/tokens", json={"auth": "GET / HTTP/1.1"})
        urllib3.PoolManager().request("GET", f"{url}/api/v1/pods?watch=true")
    assert said == [("POST", "/v3/auth/tokens"), ("GET", "/api/v1/pods?watch=true")]


def test_requests_of_all_threads_count_and_none_of_before_or_after(url: str) -> None:
    requests.get(url)
    with counted() as said, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: requests.get(url), range(20)))
    requests.get(url)
    assert len(said) == 20


def test_of_programs_only_terraform_counts(tmp_path: Path) -> None:
    terraform = tmp_path / "terraform"
    terraform.write_text("#!/bin/sh\n")
    terraform.chmod(0o755)
    with counted() as said:
        subprocess.run([str(terraform), "plan", "-out=plan.bin"], check=True)
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    assert said == [(RUN, "plan -out=plan.bin")]


def run(created_s: float, deleted_s: float = 1.0, count: int = 1, requests: int = 10) -> Run:
    return Run(count, created_s, deleted_s, requests, cloud_cpu_s=1.0, own_cpu_s=0.1)


def test_an_overhead_is_that_of_the_pair_in_the_middle_and_requests_are_told_apart() -> None:
    pairs = [Pair(run(made, requests=13), run(1.0)) for made in (1.1, 1.2, 9.0)]
    rows = list(_one_rows("kubernetes", pairs))
    assert rows[0][1:] == ("1.10 (2.20 s by 2.00 s)", "<= 1.15", "met")
    assert rows[-1][1:] == ("1.30 (13 by 10)", "-", "-")


def test_six_are_compared_with_one_of_the_same_contender() -> None:
    ones, sixes = [Pair(run(2.0), run(1.0))], [Pair(run(4.0, count=6), run(3.0, count=6))]
    adaptor, script = list(_six_rows("openstack", ones, sixes))[:2]
    assert adaptor[1:] == ("2.00 (4.00 s by 2.00 s)", "<= 2", "met")
    assert script[1].startswith("3.00")


def slow(count: int, one_s: float = 6.0, six_s: float = 8.0) -> list[str]:
    looks = Looks(count=count, intervals=6, seconds=5.2, one_s=one_s, six_s=six_s)
    return [row[3] for row in _slow_rows("openstack", looks)]


def test_more_lists_than_intervals_are_a_miss() -> None:
    assert slow(count=6)[1] == "met"
    assert slow(count=7)[1] == "MISSED"


def test_six_that_are_built_one_after_the_other_are_a_miss() -> None:
    assert slow(count=6)[0] == "met"
    assert slow(count=6, six_s=31.0)[0] == "MISSED"
