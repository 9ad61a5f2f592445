"""A real Prometheus on loopback, with a data directory of its own."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from lab.ports import free_port

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / "build" / "prometheus" / "usr" / "bin" / "prometheus"

CONFIG = """
global: {{scrape_interval: 5s, scrape_timeout: 5s}}
scrape_configs:
  - job_name: interlace
    honor_labels: true
    http_sd_configs:
      - {{url: "http://{exporter}/sd", refresh_interval: 1s}}
"""


def binary() -> str | None:
    """Where Prometheus is; `scripts/prometheus.sh` gets one."""
    return shutil.which("prometheus") or (str(UNPACKED) if UNPACKED.exists() else None)


class Prometheus:
    """One that runs."""

    def __init__(self, url: str) -> None:
        self.url = url

    def answer(self, path: str, **query: str) -> Any:
        return httpx.get(f"{self.url}{path}", params=query, timeout=10).json()

    def targets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.answer("/api/v1/targets")["data"]["activeTargets"]
        return found


@contextmanager
def prometheus(exporter: str, directory: Path) -> Iterator[Prometheus]:
    """Scrapes what the exporter's service discovery names, until this ends."""
    found = binary()
    assert found is not None
    config = directory / "prometheus.yml"
    config.write_text(CONFIG.format(exporter=exporter))
    listen = f"127.0.0.1:{free_port(0)}"
    command = [
        *(found, f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}"),
        f"--web.listen-address={listen}",
    ]
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _until_ready(f"http://{listen}", process, directory / "prometheus.log")
        yield Prometheus(f"http://{listen}")
    finally:
        process.terminate()
        process.wait(30)


def _until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/-/ready", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"Prometheus is not ready: {log.read_text()[-2000:]}")
