"""The demonstration's customers while something changes: each ping and each page is counted."""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from examples.demo_shell import HOME, INTERLACE, DemoError, environment

_STOP = HOME / "customers.stop"
_SAID = HOME / "customers.out"
_PATIENCE_S = 30.0
_PINGER = Path(__file__).with_name("pinger.py")
_CUSTOMERS = """
pages() { while [ ! -e STOP ]; do
    curl -s -m 10 -o /dev/null -w 'page %{http_code}\\n' http://FRONT/whoami
    sleep 0.05
done; }
PYTHON -I -S PINGER FRONT STOP & pages & wait
"""
_COUNTS = re.compile(r"(\d+) pings, (\d+) answered")


@dataclass
class Traffic:
    """What the customers sent, and what came back."""

    sent: int = 0
    answered: int = 0
    pages: list[str] = field(default_factory=list)
    """The HTTP status of each page that was asked for; 000 where nothing came."""

    def count(self, said: str) -> None:
        """Take what the pinger and curl said."""
        if pings := _COUNTS.search(said):
            self.sent, self.answered = int(pings[1]), int(pings[2])
        self.pages = re.findall(r"^page (\d+)$", said, re.MULTILINE)

    def nothing_lost(self, meanwhile: str) -> None:
        """Show the sums.

        :raises DemoError: where a ping or a page got lost
        """
        served = self.pages.count("200")
        print(
            f"{meanwhile}: {self.sent} pings sent, {self.answered} answered;"
            f" {len(self.pages)} pages asked for, {served} served"
        )
        if not self.sent or not self.pages or (self.sent, len(self.pages)) != (self.answered, served):
            raise DemoError("every ping and every page should have been answered")
        print("Nothing was lost.")


@contextmanager
def shopping() -> Iterator[Traffic]:
    """Customers ping and fetch pages from before the block until after it."""
    traffic = Traffic()
    _STOP.unlink(missing_ok=True)
    with _SAID.open("wb") as said:
        process = _begin(said.fileno())
    try:
        _until_they_are_served(process)
        yield traffic
        time.sleep(1)
    finally:
        _STOP.touch()
        process.wait(timeout=_PATIENCE_S)
    traffic.count(_SAID.read_text())


def _begin(output: int) -> "subprocess.Popen[bytes]":
    words = {"STOP": _STOP, "PINGER": _PINGER, "PYTHON": sys.executable}
    script = _CUSTOMERS.replace("FRONT", "${load-balancer.address}")
    for name, path in words.items():
        script = script.replace(name, shlex.quote(str(path)))
    command = [INTERLACE, "at", "shop", "customers", "--", "sh", "-c", script]
    return subprocess.Popen(command, env=environment(), stdout=output, stdin=subprocess.DEVNULL)


def _until_they_are_served(process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while "page 200" not in (said := _SAID.read_text()):
        if process.poll() is not None or time.monotonic() > deadline:
            raise DemoError(f"the customers were not served: {said[-500:]}")
        time.sleep(0.1)
