"""The lab's cloud: servers as files in a directory, with a capacity, delays and faults that tests may set.

`world.json` says what is out of the ordinary; people and tests write it, and take servers away by removing
their files.
"""

import fcntl
import fnmatch
import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

Server = dict[str, Any]

_PACE_S = 0.02


class Refusal(Exception):
    """The cloud says no; the message is its words."""


class World:
    """One such cloud. Each change is made under a lock, so any number of providers may work on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._servers = directory / "servers"
        self._rules = directory / "world.json"

    def create(self, asked: Mapping[str, Any], stopping: Callable[[], bool]) -> Server:
        """Build a server: nothing is there until the delay is over.

        :raises Refusal: if a fault says so, the name is taken, or there is no room
        """
        name = str(asked["name"])
        self._meet_faults("create", name)
        self._take_time("create_delay_s", stopping)
        with self._alone():
            if self.find(name) is not None:
                raise Refusal(f"Conflict: a server named {name} exists already")
            self._check_room(asked)
            made = {**asked, "id": str(uuid.uuid4()), "status": "ACTIVE", "address": self._address(name)}
            self._save(made)
        self._take_time("answer_delay_s", stopping)
        return made

    def read(self, server_id: str) -> Server | None:
        """A server as it is now, or None where there is none.

        :raises Refusal: if a fault says so
        """
        self._meet_faults("read", server_id)
        return self._load(server_id)

    def update(self, server_id: str, asked: Mapping[str, Any], stopping: Callable[[], bool]) -> Server:
        """Give a server what is asked in place.

        :raises Refusal: if a fault says so, or it is not there
        """
        self._meet_faults("update", str(asked["name"]))
        self._take_time("update_delay_s", stopping)
        with self._alone():
            server = self._load(server_id)
            if server is None:
                raise Refusal(f"Not found: there is no server {server_id}")
            kept = {key: server[key] for key in ("id", "status", "address")}
            self._save({**asked, **kept})
        return {**asked, **kept}

    def delete(self, server_id: str, name: str, stopping: Callable[[], bool]) -> None:
        """Remove a server; that it is not there is fine.

        :raises Refusal: if a fault says so
        """
        self._meet_faults("delete", name)
        self._take_time("delete_delay_s", stopping)
        (self._servers / f"{server_id}.json").unlink(missing_ok=True)

    def find(self, name: str) -> Server | None:
        """The server of a name, or None."""
        return next((server for server in self.servers() if server["name"] == name), None)

    def servers(self) -> tuple[Server, ...]:
        """All that there are, by name."""
        found = []
        for path in self._servers.glob("*.json"):
            with suppress(FileNotFoundError):
                found.append(json.loads(path.read_text()))
        return tuple(sorted(found, key=lambda server: str(server["name"])))

    def fail(self, name: str) -> None:
        """Let a server fail by itself."""
        with self._alone():
            server = self.find(name)
            if server is not None:
                self._save({**server, "status": "ERROR"})

    def vanish(self, name: str) -> None:
        """Take a server away behind Terraform's back."""
        with self._alone():
            server = self.find(name)
            if server is not None:
                (self._servers / f"{server['id']}.json").unlink(missing_ok=True)

    def rule(self, **changes: Any) -> None:
        """Set what is out of the ordinary; None takes a rule away.

        Rules: `capacity` (of vcpus, memory_mib, disk_gib, servers), `create_delay_s`, `update_delay_s`,
        `delete_delay_s`, `answer_delay_s` (a server is there, and its provider does not say so yet), `faults`
        (each with `operation`, `name` as a pattern, `message` and how many `times`).
        """
        with self._alone():
            rules = {**self._ruled(), **changes}
            self._write(self._rules, {key: value for key, value in rules.items() if value is not None})

    def _ruled(self) -> dict[str, Any]:
        try:
            rules: dict[str, Any] = json.loads(self._rules.read_text())
        except FileNotFoundError:
            return {}
        return rules

    def _meet_faults(self, operation: str, name: str) -> None:
        if not self._ruled().get("faults"):
            return
        with self._alone():
            rules = self._ruled()
            for fault in rules["faults"]:
                wanted = fault.get("operation", "*") in (operation, "*")
                if wanted and fnmatch.fnmatch(name, fault.get("name", "*")) and fault.get("times", 1) > 0:
                    fault["times"] = fault.get("times", 1) - 1
                    self._write(self._rules, rules)
                    raise Refusal(fault["message"])

    def _take_time(self, which: str, stopping: Callable[[], bool]) -> None:
        """Wait as long as a rule says; the rule is looked at again, so that tests may end a wait.

        :raises Refusal: if the provider is to stop
        """
        started = time.monotonic()
        while time.monotonic() - started < self._ruled().get(which, 0.0):
            if stopping():
                raise Refusal("interrupted: the provider was asked to stop")
            time.sleep(_PACE_S)

    def _check_room(self, asked: Mapping[str, Any]) -> None:
        servers = self.servers()
        for what, limit in self._ruled().get("capacity", {}).items():
            more = 1 if what == "servers" else asked.get(what) or 0
            used = len(servers) if what == "servers" else sum(each.get(what) or 0 for each in servers)
            if used + more > limit:
                raise Refusal(f"Quota exceeded for {what}: {used:g} used + {more:g} asked > {limit:g}")

    def _address(self, name: str) -> str:
        """The same for a name wherever that is free, so that what is built anew keeps its own."""
        taken = {server["address"] for server in self.servers()}
        start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2], "big")
        for offset in range(2**16):
            number = (start + offset) % 2**16
            address = f"10.77.{number >> 8}.{number & 255}"
            if address not in taken:
                return address
        raise Refusal("no address is free")

    def _load(self, server_id: str) -> Server | None:
        try:
            server: Server = json.loads((self._servers / f"{server_id}.json").read_text())
        except FileNotFoundError:
            return None
        return server

    def _save(self, server: Server) -> None:
        self._servers.mkdir(parents=True, exist_ok=True)
        self._write(self._servers / f"{server['id']}.json", server)

    @staticmethod
    def _write(path: Path, content: Any) -> None:
        draft = path.with_suffix(f".{os.getpid()}.new")
        draft.write_text(json.dumps(content, indent=1))
        draft.replace(path)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
