"""The configuration of an Open vSwitch: its bridge and ports, by ovsdbapp.

ovsdbapp keeps one connection per class, so every switch gets a class of its own. A connection belongs to one
run of one ovsdb-server; after a restart it is replaced, and it is closed when it fails or the switch goes.
Only the columns that we use are watched: statistics would wake every connection all the time.
"""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ovs.db.idl import SchemaHelper
from ovsdbapp.backend.ovs_idl import connection, transaction
from ovsdbapp.exceptions import OvsdbAppException
from ovsdbapp.schema.open_vswitch import impl_idl

from adaptors.machine.processes import Process
from domain.errors import VimUnavailableError

BRIDGE = "br-int"
SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")
_TIMEOUT_S = 10
_WATCHED = {
    "Open_vSwitch": ["bridges", "next_cfg", "cur_cfg", "other_config"],
    "Bridge": ["name", "ports", "datapath_type", "fail_mode", "protocols", "other_config"],
    "Port": ["name", "interfaces"],
    "Interface": ["name", "type", "ofport", "ofport_request", "error"],
}
_SETTINGS = {"userspace-tso-enable": "true", "n-handler-threads": "1", "n-revalidator-threads": "1"}

_open: dict[str, tuple[int, Process, Any]] = {}
"""Socket -> our process, the server's process, the connection."""
_guard = threading.Lock()
_builder = ThreadPoolExecutor(1)
"""An Idl draws a uuid1, for which libuuid opens a file in every new thread and never closes it."""
logging.getLogger("ovsdbapp").setLevel(logging.CRITICAL)  # every failure is raised too


class Interface(NamedTuple):
    """What the switch says of a port's interface."""

    number: int | None
    """Its OpenFlow port; -1 where it cannot be used."""
    error: str


class _Waiting(impl_idl.OvsVsctlTransaction):  # type: ignore[misc]
    """Ends when the switch has taken the change over; says so when it does not."""

    def post_commit(self, txn: Any) -> None:
        transaction.Transaction.post_commit(self, txn)
        self.do_post_commit(txn)

    def post_commit_failed_interfaces(self, txn: Any) -> list[str]:
        return []


class _Noting(_Waiting):
    """Only written: for when the switch does not run yet."""

    def pre_commit(self, txn: Any) -> None:
        txn.expected_ifaces = set()

    def do_post_commit(self, txn: Any) -> None:
        return None


class Database:
    """The database of one switch."""

    def __init__(self, pop: str, socket: Path, server: Process) -> None:
        self._pop = pop
        self._socket = socket
        self._server = server

    def configure(self, numbers: Mapping[str, int]) -> None:
        """Write down the bridge with just these ports, for a switch that may not run yet."""
        with self._connected() as api:
            if not api.tables["Open_vSwitch"].rows:
                _change(api, lambda: [api.db_create("Open_vSwitch")], _Noting)
            _change(api, lambda: self._wanted(api, numbers), _Noting)

    def settle(self) -> None:
        """Wait until the switch has taken over everything that is written down."""
        with self._connected() as api:
            _change(api, lambda: [api.db_set("Bridge", BRIDGE, ("fail_mode", "secure"))])

    def add(self, interface: str, number: int) -> None:
        """Make an interface a port."""
        with self._connected() as api:
            _change(api, lambda: [api.add_port(BRIDGE, interface, ofport_request=number)])

    def delete(self, interface: str) -> None:
        """Take a port away; one that is not there is fine."""
        with self._connected() as api:
            _change(api, lambda: [api.del_port(interface, bridge=BRIDGE, if_exists=True)])

    def interface(self, name: str) -> Interface | None:
        """What is known of an interface, if it is a port."""
        with self._connected() as api, api.ovsdb_connection.lock:
            for row in api.tables["Interface"].rows.values():
                if row.name == name:
                    return Interface(_first(row.ofport), " ".join(row.error))
        return None

    def _wanted(self, api: Any, numbers: Mapping[str, int]) -> list[Any]:
        there = set(api.list_ports(BRIDGE).execute(check_error=True)) if _has_bridge(api) else set()
        settings = [
            ("protocols", ["OpenFlow14", "OpenFlow15"]),
            ("fail_mode", "secure"),
            ("other_config", {"disable-in-band": "true"}),
        ]
        return [
            api.db_set("Open_vSwitch", ".", ("other_config", _SETTINGS)),
            api.add_br(BRIDGE, datapath_type="netdev"),
            api.db_set("Bridge", BRIDGE, *settings),
            *(api.del_port(name, bridge=BRIDGE) for name in sorted(there - set(numbers))),
            *(
                api.add_port(BRIDGE, name, ofport_request=numbers[name])
                for name in sorted(set(numbers) - there)
            ),
        ]

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            yield self._api()
        except (OvsdbAppException, RuntimeError, OSError) as error:
            forget(self._socket)
            raise VimUnavailableError(f"switch of {self._pop}: its database: {error}") from error

    def _api(self) -> Any:
        with _guard:
            found = _open.get(str(self._socket))
            others = dict(_open)
        if found and found[:2] == (os.getpid(), self._server):
            return found[2]
        dead = {path for path, (_, server, _) in others.items() if not server.alive()}
        for path in {str(self._socket), *dead}:  # a switch may have been removed by another process
            forget(Path(path))
        api = _connect(self._socket)
        with _guard:
            _open[str(self._socket)] = (os.getpid(), self._server, api)
        return api


def forget(socket: Path) -> None:
    """Close this process's connection, if there is one."""
    with _guard:
        found = _open.pop(str(socket), None)
    if found and found[0] == os.getpid():
        link = found[2].ovsdb_connection
        if link.stop(timeout=_TIMEOUT_S):
            link.txns.close()


def _connect(socket: Path) -> Any:
    helper = SchemaHelper(schema_json=_schema())
    for table, columns in _WATCHED.items():
        helper.register_columns(table, columns)
    own = type("OwnOvsdbIdl", (impl_idl.OvsdbIdl,), {"_ovsdb_connection": None})
    idl = _builder.submit(connection.OvsdbIdl, f"unix:{socket}", helper).result()
    return own(connection.Connection(idl, timeout=_TIMEOUT_S))


def _change(api: Any, commands: Callable[[], list[Any]], kind: Callable[..., Any] = _Waiting) -> None:
    change = kind(api, api.ovsdb_connection, check_error=True, log_errors=False)
    for command in commands():
        change.add(command)
    change.commit()


def _has_bridge(api: Any) -> bool:
    return bool(api.br_exists(BRIDGE).execute(check_error=True))


@cache
def _schema() -> Any:
    return json.loads(SCHEMA.read_bytes())


def _first(values: list[int]) -> int | None:
    return values[0] if values else None
