"""What the emulated VIM does for instances that are exchanged: addresses, ailments, draining, state."""

import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptors.machine.abilities import examine
from adaptors.machine.place import Place
from adaptors.vim.emulator import ledger, state
from adaptors.vim.emulator.ledger import Ledger
from adaptors.vim.emulator.running import status_of
from adaptors.vim.emulator.vim import EmulatorVim
from adaptors.vim.emulator.workspace import Workspace
from domain.errors import VimRefusedError
from domain.instances import InstanceStatus
from domain.steering import ImageTraits
from tests.contract.emulated import (
    WORKER,
    add_function,
    eventually,
    processes_of,
    quiet,
    require,
    spec,
    swept,
    vim_at,
)

SLEEP = "exec sleep infinity"
POINTS = ("inside", "outside")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    require(tmp_path)
    add_function(tmp_path, "worker", **WORKER)
    add_function(tmp_path, "router", forwarding="routed")
    with swept(tmp_path):
        yield tmp_path


@pytest.fixture
def vim(home: Path) -> EmulatorVim:
    return vim_at(home, "nft")


def pid_of(home: Path, name: str = "web-1") -> int:
    found = status_of(Workspace.of(Place.of(home), name))
    assert found is not None
    return found.pid


# Addresses


def test_a_successor_has_the_address_that_its_predecessor_still_has(vim: EmulatorVim) -> None:
    old = vim.create(spec("web-1-a", tags={"instance": "web-1"}), quiet)
    asked = spec("web-1-b", tags={"instance": "web-1"}, addresses={"front": old.address})
    new = vim.create(asked, quiet)
    assert new.address == old.address
    assert new.ports[0].mac != old.ports[0].mac
    assert new.ports[0].switch_interface != old.ports[0].switch_interface
    assert vim.create(asked, quiet) == new
    third = vim.create(spec("web-1-c", tags={"instance": "web-1"}), quiet)
    assert third.address != old.address, "who asks for none gets a free one"


def test_what_is_created_again_under_its_name_is_the_same_to_the_network(vim: EmulatorVim) -> None:
    first = vim.create(spec(connection_points=("front", "back")), quiet)
    addresses = {port.connection_point: port.address for port in first.ports}
    vim.create(
        spec("web-2", tags={"instance": "web-1"}, addresses=addresses, connection_points=POINTS), quiet
    )
    vim.delete("web-1", quiet)
    again = vim.create(spec(connection_points=("front", "back"), addresses=addresses), quiet)
    assert again.ports == first.ports


def test_a_spec_with_the_addresses_that_an_instance_was_given_finds_it(vim: EmulatorVim) -> None:
    made = vim.create(spec(), quiet)
    assert vim.create(spec(addresses={"front": made.address}), quiet) == made
    with pytest.raises(VimRefusedError, match="another spec: addresses differ"):
        vim.create(spec(addresses={"front": "10.1.2.3"}), quiet)


def test_an_address_that_is_none_is_refused(vim: EmulatorVim) -> None:
    with pytest.raises(VimRefusedError, match=r"front cannot have the address '10\.1\.2'"):
        vim.create(spec(addresses={"front": "10.1.2"}), quiet)
    assert vim.list({}) == ()


def test_a_file_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / ledger.FILE
    with sqlite3.connect(path) as file:
        for statement in ledger._SCHEMA:
            file.execute(statement)
        file.execute("INSERT INTO instances VALUES ('web-1', 'berlin', 'x', '{}', 'terminating', '', '', 0)")
        file.execute("INSERT INTO ports VALUES ('web-1', 1, 'a', 'a', 'p1', '02', '10.0.0.1', 'shop')")
        file.execute("PRAGMA user_version = 1")
    file.close()
    with Ledger(tmp_path).writing() as connection:
        connection.execute("INSERT INTO ports VALUES ('web-1', 2, 'b', 'b', 'p2', '04', '10.0.0.1', 'shop')")
        assert [row["mac"] for row in connection.execute("SELECT mac FROM ports")] == ["02", "04"]
        connection.execute("DELETE FROM instances")
        assert connection.execute("SELECT * FROM ports").fetchall() == []


# Ailments and traits


def test_an_ailment_is_told_in_words(home: Path, vim: EmulatorVim) -> None:
    assert vim.ailment("web-1") == "is not there"
    vim.create(spec(), quiet)
    assert vim.ailment("web-1") is None
    os.kill(pid_of(home), signal.SIGSTOP)
    assert eventually(lambda: vim.ailment("web-1") == "its process is stopped by a signal")
    os.kill(pid_of(home), signal.SIGCONT)
    (Place.of(home).directory("vnf", "web-1") / "up").unlink()
    assert vim.ailment("web-1") == "check exited with 1: it said nothing"
    os.kill(pid_of(home), signal.SIGKILL)
    assert eventually(lambda: vim.ailment("web-1") == "its process was ended by signal SIGKILL")
    vim.create(spec("web-2"), quiet)
    machine = examine(home)[1]
    assert machine
    machine.ip([f"netns delete {machine.place.instance('web-2')}"])
    assert vim.ailment("web-2") == "its namespace is gone"


def test_an_image_says_what_its_function_is_like(
    home: Path, vim: EmulatorVim, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_function(home, "lonely", start=SLEEP, single=True)
    add_function(home, "keeper", start=SLEEP, export="true", **{"import": "true"})
    assert vim.traits("worker") == ImageTraits()
    assert vim.traits("lonely:1.0") == ImageTraits(single=True)
    assert vim.traits("keeper") == ImageTraits(stateful=True)
    assert vim.traits("router") == ImageTraits(routed=True, stateful=True)
    with pytest.raises(VimRefusedError, match="no function image 'nobody'"):
        vim.traits("nobody")
    monkeypatch.setattr("adaptors.vim.emulator.functions.CONNTRACK", "there-is-no-such-command")
    assert vim.traits("router") == ImageTraits(routed=True)


# Draining


def test_a_drain_hook_has_as_long_as_it_is_given(home: Path, vim: EmulatorVim) -> None:
    add_function(home, "quick", start=SLEEP, drain="true")
    add_function(home, "busy", start=SLEEP, drain="echo 3 sessions left; sleep 60")
    add_function(home, "odd", start=SLEEP, drain="echo what; exit 3")
    for image in ("quick", "busy", "odd"):
        vim.create(spec(image, image=image), quiet)
    said: list[str] = []
    assert vim.drain("quick", said.append, 5) == "nothing is in flight any more"
    started = time.monotonic()
    assert vim.drain("busy", said.append, 0.5).startswith("still busy after 0.5 s: 3 sessions left")
    assert 0.5 <= time.monotonic() - started < 30
    assert len(said) >= 5, "whoever waits is told"
    assert vim.drain("odd", quiet, 5) == "its drain hook exited with 3: what"
    with pytest.raises(VimRefusedError, match="there is none of this name"):
        vim.drain("nobody", quiet, 5)


def test_without_a_hook_an_instance_is_drained_once_no_packet_comes_or_goes(
    home: Path, vim: EmulatorVim
) -> None:
    vim.create(spec(image="router", connection_points=POINTS), quiet)
    assert vim.drain("web-1", quiet, 5) == "no packet for 0.3 s"
    port = vim.read("web-1").ports[0].switch_interface  # type: ignore[union-attr]
    machine = examine(home)[1]
    assert machine
    send = ["ping", "-i", "0.02", "-I", port, "-c", "1000", "10.9.9.9"]
    switch = machine.place.switch("berlin")
    machine.run(["ip", "address", "add", "10.9.9.1/24", "dev", port], namespace=switch)
    words = ["ip", "neighbour", "add", "10.9.9.9", "lladdr", "02:00:00:00:00:77", "dev", port]
    machine.run(words, namespace=switch)
    with subprocess.Popen(machine.words(send, switch), stdout=subprocess.DEVNULL) as pinging:
        assert vim.drain("web-1", quiet, 0.7).startswith("still busy after 0.7 s: ")
        threading.Timer(0.4, pinging.terminate).start()
        assert vim.drain("web-1", quiet, 5) == "no packet for 0.3 s"


def test_what_was_drained_is_deleted_without_waiting_again(home: Path, vim: EmulatorVim) -> None:
    add_function(home, "busy", start=SLEEP, drain="sleep 60")
    vim.create(spec(image="busy"), quiet)
    vim.drain("web-1", quiet, 0.2)
    started = time.monotonic()
    vim.delete("web-1", quiet)
    assert time.monotonic() - started < 30


def test_what_was_drained_serves_again_once_it_is_wanted_again(home: Path, vim: EmulatorVim) -> None:
    hooks = {"check": 'test ! -e "$INTERLACE_DIR/closed"', "drain": 'touch "$INTERLACE_DIR/closed"'}
    start = f'echo began >>"$INTERLACE_DIR/data"; rm -f "$INTERLACE_DIR/closed"; {SLEEP}'
    add_function(home, "door", start=start, **hooks)
    made = vim.create(spec(image="door"), quiet)
    first = pid_of(home)
    assert vim.drain("web-1", quiet, 5) == "nothing is in flight any more"
    assert vim.ailment("web-1") == "it was drained: it takes no new work"
    assert vim.create(spec(image="door"), quiet) == made
    assert vim.ailment("web-1") is None
    assert pid_of(home) != first
    data = Place.of(home).directory("vnf", "web-1") / "data"
    assert data.read_text() == "began\nbegan\n", "its files stay"
    assert len([line for line in processes_of(Place.of(home)) if "shim.py" in line]) == 1


def test_a_drained_router_goes_on_as_it_is(vim: EmulatorVim) -> None:
    made = vim.create(spec(image="router", connection_points=POINTS), quiet)
    vim.drain("web-1", quiet, 5)
    assert vim.ailment("web-1") is None
    assert vim.create(spec(image="router", connection_points=POINTS), quiet) == made


@pytest.mark.parametrize("whom", ["function", "shim", "both"])
def test_a_stopped_process_keeps_nobody_from_draining_and_deleting(
    home: Path, vim: EmulatorVim, whom: str
) -> None:
    add_function(home, "held", start=SLEEP, drain="sleep 60")
    vim.create(spec(image="held"), quiet)
    found = status_of(Workspace.of(Place.of(home), "web-1"))
    assert found
    for pid in {"function": [found.pid], "shim": [found.shim], "both": [found.pid, found.shim]}[whom]:
        os.kill(pid, signal.SIGSTOP)
    assert eventually(found.stopped)
    started = time.monotonic()
    assert vim.drain("web-1", quiet, 60) == "nothing can be drained: its process is stopped"
    vim.delete("web-1", quiet)
    assert time.monotonic() - started < 50
    assert processes_of(Place.of(home)) == []
    assert vim.read("web-1") is None


# State


def test_a_function_hands_its_own_state_to_its_successor_once_and_to_nobody_else(
    home: Path, vim: EmulatorVim, tmp_path: Path
) -> None:
    write = 'cp "$INTERLACE_DIR/notes" "$INTERLACE_STATE/"; wc -l <"$INTERLACE_DIR/notes"'
    read = 'cp "$INTERLACE_STATE/notes" "$INTERLACE_DIR/"; echo taken'
    add_function(home, "noter", start=SLEEP, export=write, **{"import": read})
    for name, instance in (("a", "web-1"), ("b", "web-1"), ("c", "web-2")):
        vim.create(spec(name, image="noter", tags={"instance": instance}), quiet)
    notes = {name: Place.of(home).directory("vnf", name) / "notes" for name in ("a", "b", "c")}
    notes["a"].write_text("one\ntwo\n")
    directory = tmp_path / "state"
    directory.mkdir()
    assert vim.export_state("a", directory, quiet) == "2"
    assert vim.import_state("b", directory, quiet) == vim.import_state("b", directory, quiet) == "taken"
    assert notes["b"].read_text() == "one\ntwo\n"
    assert vim.import_state("c", directory, quiet) == "it has no state"
    assert not notes["c"].exists()
    notes["a"].unlink()
    with pytest.raises(VimRefusedError, match="export exited with"):
        vim.export_state("a", directory, quiet)


def test_tracked_connections_go_to_a_successor(
    vim: EmulatorVim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        vim.create(spec(name, image="router", connection_points=POINTS, tags={"instance": "web-1"}), quiet)

    def conntrack(name: str, *words: str) -> str:
        return subprocess.run(vim.command(name, ["conntrack", *words]), capture_output=True, text=True).stdout

    many = "".join(
        f"-A -t 300 -u SEEN_REPLY,ASSURED -s 10.1.0.1 -d 10.2.0.1 -r 10.2.0.1 -q 10.1.0.1 -p tcp"
        f" --sport {port} --dport 80 --reply-port-src 80 --reply-port-dst {port} --state ESTABLISHED\n"
        for port in range(20000, 22000)
    )
    subprocess.run(vim.command("a", ["conntrack", "-R", "-"]), input=many, text=True, check=True)
    directory = tmp_path / "state"
    directory.mkdir()
    assert vim.export_state("a", directory, quiet) == "2000 tracked connections"
    saved = (directory / "connections").read_text()
    (directory / "connections").write_text(f"{saved}-A -t 1 -p nonsense\n")
    for _ in range(2):
        told = "2001 tracked connections, 1 of which were refused"
        assert vim.import_state("b", directory, quiet) == told
    assert len(conntrack("b", "-L").splitlines()) == 2000
    monkeypatch.setattr(state, "CONNTRACK", "there-is-no-such-command")
    assert "the command conntrack is not here" in vim.export_state("a", directory, quiet)


def test_what_does_not_run_has_no_state_to_give(home: Path, vim: EmulatorVim, tmp_path: Path) -> None:
    vim.create(spec(), quiet)
    assert vim.export_state("web-1", tmp_path, quiet) == "it has no state"
    os.kill(pid_of(home), signal.SIGKILL)
    assert eventually(lambda: vim.read("web-1").status is InstanceStatus.ERROR)  # type: ignore[union-attr]
    with pytest.raises(VimRefusedError, match=r"berlin: export of the state of instance web-1.*ERROR"):
        vim.export_state("web-1", tmp_path, quiet)
