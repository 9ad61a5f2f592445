"""The closed loop's customers: they ask for pages at a steady rate, which can be changed while they do."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from examples.demo_shell import HOME, INTERLACE, DemoError, environment

_GENERATOR = Path(__file__).parent / "functions" / "client" / "load.py"
_PATIENCE_S = 60.0
_WORK = 'umask 077; printf %s "$1" > "$INTERLACE_CONFIG"; exec "$2" -I -S "$3"'
_CONNECTIONS = 16


class Customers:
    """The load generator of examples/functions/client, run where the customers are."""

    def __init__(self, service: str, url: str) -> None:
        """:param url: with `${component.address}` in it; the command `at` puts the address there"""
        self._directory = HOME / "customers"
        self._service, self._url = service, url

    @contextmanager
    def asking(self, rate: float) -> Iterator[None]:
        """They ask so many times a second, or as often as is said meanwhile."""
        self._directory.mkdir(exist_ok=True)
        with self._begin(rate) as process:
            try:
                self._until_answered(process)
                yield
            finally:
                process.terminate()

    def ask(self, rate: float) -> None:
        """So many times a second from now on."""
        file = self._config
        file.write_text(json.dumps({**json.loads(file.read_text()), "rate": rate}))
        if (answer := self._say("reload")) != "ok":
            raise DemoError(f"the customers should ask {rate:g} times a second: {answer}")

    def counts(self) -> tuple[int, int]:
        """Requests that were answered, and those that were not."""
        said = json.loads(self._say("report"))
        return said["ok"], said["failed"]

    @property
    def _config(self) -> Path:
        return self._directory / "config.json"

    def _begin(self, rate: float) -> "subprocess.Popen[bytes]":
        config = {"url": self._url, "rate": rate, "timeout": 5, "connections": _CONNECTIONS}
        own = {"INTERLACE_CONFIG": str(self._config), "INTERLACE_DIR": str(self._directory)}
        words = ["env", *(f"{name}={value}" for name, value in own.items())]
        words += ["sh", "-c", _WORK, "customers", json.dumps(config), sys.executable, str(_GENERATOR)]
        return subprocess.Popen(
            [INTERLACE, "at", self._service, "customers", "--", *words],
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def _until_answered(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and process.poll() is None:
            if (self._directory / "control.sock").exists() and self.counts()[0]:
                return
            time.sleep(0.2)
        raise DemoError("no customer was served")

    def _say(self, word: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_PATIENCE_S)
            connection.connect(str(self._directory / "control.sock"))
            connection.sendall(f"{word}\n".encode())
            return connection.makefile().read().strip()
