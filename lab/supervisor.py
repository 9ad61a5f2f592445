"""Keeps a Temporal dev server and workers alive: `python -m lab.supervisor`, started by `interlace up`."""

import argparse
import logging
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from adaptors.machine.processes import Process
from domain.names import SEARCH_ATTRIBUTES
from domain.recovery import BALANCED, Profile
from lab.pulse import Pulse
from lab.runtime import FILE_NAME, Runtime
from workers.reliability import VARIABLE, profile_named

_LOOK_EVERY_S = 0.2
_GRACE_S = 35.0
_ANSWER_S = 10.0
_UNANSWERED = 6
"""Questions to the server, that much apart: it hangs then, and what it knows is in its database."""

_log = logging.getLogger(__name__)


@dataclass
class Child:
    """A command that should always be running."""

    command: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> bool:
        """Start it if it is not running; True when it was started now."""
        if self.process and self.process.poll() is None:
            return False
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment
            )
        return True

    def stop(self) -> None:
        """End it: politely, then for good."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self.process:
            self.process.kill()
            self.process.wait()


def server_command(binary: str, home: Path, port: int, ui_port: int) -> list[str]:
    """The Temporal dev server: loopback only, with a database that survives kill -9 at little cost."""
    attributes = [part for name in SEARCH_ATTRIBUTES for part in ("--search-attribute", f"{name}=Keyword")]
    return [
        *(binary, "server", "start-dev", "--ip", "127.0.0.1", "--log-level", "error"),
        *("--port", str(port), "--ui-port", str(ui_port), "--db-filename", str(home / "temporal.db")),
        *("--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"),
        *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"),
        *("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="100ms"'),
        *("--dynamic-config-value", "matching.enableFairness=true"),
        *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),  # order is kept within each
        *attributes,
    ]


class Supervisor:
    """Starts the children, restarts those that end, and writes down what runs."""

    def __init__(
        self,
        home: Path,
        server: Child | None,
        workers: list[Child],
        address: str,
        ui: str | None,
        exporter: Child | None = None,
        metrics: str | None = None,
        reliability: Profile = BALANCED,
        answer_s: float = _ANSWER_S,
    ) -> None:
        self._home = home
        self._pulse = Pulse(address, answer_s) if server else None
        self._exporter = exporter
        self._metrics = metrics
        self._reliability = reliability
        self._server = server
        self._workers = workers
        self._address = address
        self._web_ui = ui
        self._stop = threading.Event()

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT, then stop everything, workers first."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        children = [each for each in (self._server, *self._workers, self._exporter) if each]
        if self._pulse:
            self._pulse.start()
        while not self._stop.is_set():
            self._end_a_server_that_hangs()
            started = [child.ensure() for child in children]
            if self._pulse and started[0]:
                self._pulse.begin_anew()
            if any(started):
                self._write_down()
            self._stop.wait(1.0 if any(started) else _LOOK_EVERY_S)
        self._stop_workers()
        if self._exporter:
            self._exporter.stop()
        if self._server:
            self._server.stop()
        (self._home / FILE_NAME).unlink(missing_ok=True)

    def _end_a_server_that_hangs(self) -> None:
        if self._server and self._pulse and self._pulse.unanswered() >= _UNANSWERED:
            _log.warning("Temporal did not answer %d times in a row: it is started again", _UNANSWERED)
            self._server.kill()

    def _stop_workers(self) -> None:
        stoppers = [threading.Thread(target=worker.stop) for worker in self._workers]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _write_down(self) -> None:
        Runtime(
            supervisor=Process.of(os.getpid()),
            server=_process(self._server) if self._server else None,
            workers=tuple(found for worker in self._workers if (found := _process(worker))),
            address=self._address,
            web_ui=self._web_ui,
            exporter=_process(self._exporter) if self._exporter else None,
            metrics=self._metrics,
            reliability=self._reliability,
        ).save(self._home)


def _process(child: Child) -> Process | None:
    if child.process is None or child.process.poll() is not None:
        return None
    return Process.of(child.process.pid)


def main() -> None:
    """Parse the arguments that `interlace up` gives, and supervise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--address", required=True, help="of Temporal, host:port")
    parser.add_argument("--server", help="the temporal binary; without it Temporal is somebody else's")
    parser.add_argument("--ui-port", type=int, default=8233)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--metrics", help="host:port of an exporter; without it there is none")
    parser.add_argument(
        "--answer-s",
        type=float,
        default=_ANSWER_S,
        help="that our own server has to answer, each time it is asked",
    )
    arguments = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s")
    home: Path = arguments.home
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "INTERLACE_HOME": str(home), "TEMPORAL_ADDRESS": arguments.address}
    server = None
    if arguments.server:
        port = int(arguments.address.rpartition(":")[2])
        command = server_command(arguments.server, home, port, arguments.ui_port)
        server = Child(command, logs / "temporal.log", environment)
    telling = {**environment, **(_measured(arguments.metrics) if arguments.metrics else {})}
    workers = [
        Child([sys.executable, "-m", "workers"], logs / f"worker-{number + 1}.log", telling)
        for number in range(arguments.workers)
    ]
    exporter = None
    if arguments.metrics:
        command = [sys.executable, "-m", "workers.exporter", "--listen", arguments.metrics]
        exporter = Child(command, logs / "exporter.log", environment)
    ui = f"http://127.0.0.1:{arguments.ui_port}" if server else None
    metrics = f"http://{arguments.metrics}" if arguments.metrics else None
    reliability = profile_named(os.environ.get(VARIABLE) or BALANCED.profile)
    supervisor = Supervisor(
        home, server, workers, arguments.address, ui, exporter, metrics, reliability, arguments.answer_s
    )
    supervisor.run()


def _measured(exporter: str) -> dict[str, str]:
    """Workers tell of themselves, and watch services by what the exporter has; unless another is named."""
    source = os.environ.get("INTERLACE_METRICS_SOURCE") or f"http://{exporter}"
    return {"INTERLACE_METRICS_LISTEN": "127.0.0.1:0", "INTERLACE_METRICS_SOURCE": source}


if __name__ == "__main__":
    main()
