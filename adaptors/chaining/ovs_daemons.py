"""The two processes of an Open vSwitch of its own, in the namespace of the PoP's switch."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from adaptors.chaining.ovs_database import BRIDGE, SCHEMA
from adaptors.chaining.records import Records
from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.processes import Process, end

_SERVER, _SWITCH = "ovsdb-server", "ovs-vswitchd"
_PATIENCE_S = 5.0
_MOST_LOG = 1 << 20
_QUIET = ("-vconsole:warn", "-vsyslog:off", "-vfile:off")


class Daemons:
    """Starts what does not run. Both outlive us; who they are is written down as soon as they are started."""

    def __init__(self, machine: Machine, namespace: str, records: Records) -> None:
        self._machine = machine
        self._namespace = namespace
        self._records = records
        self._directory = records.directory
        self.socket = self._directory / "db.sock"
        """Of the database."""
        self.control = self._directory / f"{BRIDGE}.mgmt"
        """Of the bridge, for OpenFlow."""

    @property
    def server(self) -> Process | None:
        """The process of the database, as it was started last."""
        return self._records.running().processes.get(_SERVER)

    def serve(self) -> Process:
        """The process of the database: found, or started with its file, or a new one if that is lost."""
        if found := self._answering(_SERVER, self.socket):
            return found
        file = self._directory / "conf.db"
        if file.exists():
            try:
                return self._serve(file)
            except CommandError:
                pass  # whatever was in it is written down elsewhere too
        for path in self._directory.glob("*conf.db*"):
            path.unlink()
        self._machine.run(["ovsdb-tool", "create", str(file), str(SCHEMA)])
        return self._serve(file)

    def switch(self) -> None:
        """Start the switch itself, once its bridge is written down."""
        if self._answering(_SWITCH, self.control) is None:
            for held in ("ovs-netdev", BRIDGE):  # for a while by the threads of one that was killed
                self._machine.attempt(["ip", "link", "delete", held], namespace=self._namespace)
            self._start(_SWITCH, [f"unix:{self.socket}"], self.control)

    def cap_logs(self) -> None:
        """Empty logs that have grown; their writers append, so nothing is torn."""
        for log in map(self._log, (_SERVER, _SWITCH)):
            if log.exists() and log.stat().st_size > _MOST_LOG:
                os.truncate(log, 0)

    def _log(self, name: str) -> Path:
        return self._directory / f"{name}.log"

    def _serve(self, file: Path) -> Process:
        return self._start(_SERVER, [str(file), f"--remote=punix:{self.socket}"], self.socket)

    def _answering(self, name: str, opens: Path) -> Process | None:
        process = self._records.running().processes.get(name)
        if process and not (process.alive() and _accepts(opens)):
            end([process])
            return None
        return process

    def _start(self, name: str, arguments: list[str], opens: Path) -> Process:
        control = self._directory / f"{name}.ctl"
        log = self._log(name)
        for stale in (opens, control):
            stale.unlink(missing_ok=True)
        self.cap_logs()
        said = log.stat().st_size if log.exists() else 0
        words = [name, *arguments, f"--unixctl={control}", "--no-chdir", *_QUIET]
        env = {key: str(self._directory) for key in ("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR")}
        process = self._machine.spawn(words, log, namespace=self._namespace, env=env, cwd=self._directory)
        running = self._records.running()
        processes = {**running.processes, name: process}
        self._records.keep_running(running.model_copy(update={"processes": processes}))
        if not _until(lambda: _accepts(opens) or not process.alive()) or not process.alive():
            end([process])
            raise CommandError(words, -1, log.read_bytes()[said:].decode(errors="replace")[-500:])
        return process


def _until(done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _PATIENCE_S
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(str(path))
        except OSError:
            return False
        return True
