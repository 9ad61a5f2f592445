"""What labs are made of: processes of their own, ports, places, packages, environments."""

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from lab import environments, packages
from lab.daemons import Daemon, Daemons, answers, last_lines, port_is_free
from lab.openstack import baked, clouds
from lab.openstack.hypervisor import HypervisorFaults, failing, inject
from lab.openstack.layout import Layout, Ports
from lab.places import cache_directory, key_of
from lab.port import LabError
from lab.registry import OFFERS

LISTEN = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(99)"
FAMILY = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('on', flush=True)
time.sleep(600)
"""


def python(name: str, code: str, *words: str, port: int | None = None) -> Daemon:
    return Daemon(name, (sys.executable, "-c", code, *words), port=port)


def eventually(true: Callable[[], bool], wait_s: float = 10.0) -> None:
    deadline = time.monotonic() + wait_s
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Daemons]:
    found = Daemons(tmp_path)
    yield found
    found.end(found.names(), 1.0)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_daemon_runs_once_and_is_found_by_others(daemons: Daemons, tmp_path: Path, port: int) -> None:
    daemon = python("a/b", LISTEN, str(port), port=port)
    daemons.start(daemon)
    daemons.wait([daemon], 10)
    assert answers(port)
    assert not port_is_free(port)
    first = daemons.process("a/b")
    daemons.start(daemon)
    again = Daemons(tmp_path)
    assert again.process("a/b") == first
    assert again.names() == ["a/b"]
    assert again.end(["a/b"])
    assert again.names() == []
    assert port_is_free(port)


def test_a_daemon_is_found_when_its_starter_was_killed(daemons: Daemons, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from lab.daemons import Daemon, Daemons\n"
        "Daemons(Path(sys.argv[1])).start(Daemon('orphan', ('sleep', '600')))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    process = daemons.process("orphan")
    assert process and process.alive()
    daemons.end(["orphan"])
    assert not process.alive()


def test_children_end_with_their_parent_dead_or_alive(daemons: Daemons) -> None:
    daemons.start(python("family", FAMILY))
    parent = daemons.process("family")
    assert parent
    eventually(lambda: bool(psutil.Process(parent.pid).children()))
    child = psutil.Process(parent.pid).children()[0]
    os.kill(parent.pid, 9)
    eventually(lambda: daemons.process("family") is None)
    assert child.is_running()
    daemons.end(["family"])
    eventually(lambda: not child.is_running())


def test_who_does_not_listen_is_killed(daemons: Daemons) -> None:
    daemons.start(python("stubborn", STUBBORN))
    eventually(lambda: "on" in daemons.output("stubborn").read_text())
    assert not daemons.end(["stubborn"], 0.2)
    assert daemons.process("stubborn") is None


def test_a_process_that_took_over_the_id_is_left_alone(daemons: Daemons, tmp_path: Path) -> None:
    daemons.start(Daemon("mine", ("sleep", "600")))
    mine = daemons.process("mine")
    assert mine
    birth = tmp_path / "run" / "mine.process"
    line = birth.read_text().split()
    birth.write_text(" ".join([*line[:21], "1", *line[22:]]))  # as if it had started at another time
    assert daemons.process("mine") is None
    daemons.end(["mine"])
    assert mine.alive()
    mine.signal(9)


def test_what_ended_by_itself_is_told_with_its_last_words(daemons: Daemons, port: int) -> None:
    daemon = python("short", "import sys; sys.exit('no such table: instances')", port=port)
    daemons.start(daemon)
    with pytest.raises(LabError, match=r"short ended by itself; (.|\n)*no such table: instances"):
        daemons.wait([daemon], 10)


def test_what_does_not_answer_in_time_is_told(daemons: Daemons, port: int) -> None:
    daemon = Daemon("mute", ("sleep", "600"), port=port)
    daemons.start(daemon)
    with pytest.raises(LabError, match="mute does not answer after 0 s; it wrote nothing"):
        daemons.wait([daemon], 0.3)


def test_each_start_has_an_empty_directory_for_scratch(daemons: Daemons, tmp_path: Path) -> None:
    leave = python("messy", "import pathlib, tempfile; pathlib.Path(tempfile.gettempdir(), 'left').touch()")
    daemons.start(leave)
    eventually(lambda: (tmp_path / "tmp/messy/left").exists())
    daemons.end(["messy"])
    daemons.start(Daemon("messy", ("sleep", "600")))
    assert list((tmp_path / "tmp/messy").iterdir()) == []


def test_the_log_written_to_last_is_told(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("old")
    os.utime(old, (1, 1))
    new.write_text("\n".join(map(str, range(100))))
    assert last_lines([old, new, tmp_path / "none"], 2) == f"the last lines of {new}:\n  98\n  99"


def test_ports_stay_unless_somebody_else_took_one(port: int) -> None:
    first = Ports.chosen(["a", "b"], {}, [])
    assert len(set(first.of.values())) == 2
    assert Ports.chosen(["a", "b"], first.of, []) == first
    with socket.create_server(("127.0.0.1", first.of["a"])):
        assert Ports.chosen(["a", "b"], first.of, ["a"]) == first  # it is our own that listens there
        other = Ports.chosen(["a", "b"], first.of, [])
        assert other.of["a"] != first.of["a"]
        assert other.of["b"] == first.of["b"]


def test_builds_go_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "interlace/lab"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/.cache/interlace/lab")


def test_a_key_tells_parts_apart() -> None:
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of("a", b"b") == key_of(b"a", "b")


def test_an_interrupted_environment_is_made_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# none\n")
    said: list[str] = []
    directory = environments.environment("empty", requirements, said.append)
    assert environments.environment("empty", requirements, said.append) == directory
    assert len(said) == 1
    (directory / "complete").unlink()
    (directory / "half").touch()
    environments.environment("empty", requirements, said.append)
    assert len(said) == 2
    assert not (directory / "half").exists()


def test_pip_is_heard_when_it_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pbr==7.1.3\n")
    with pytest.raises(LabError, match="hash"):
        environments.environment("unhashed", requirements, lambda _: None)


def test_without_root_the_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="as root: apt-get install --no-install-recommends memcached"):
        packages.install(["memcached"], lambda _: None)


def test_data_are_believed_only_when_they_are_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    layout = Layout(tmp_path / "lab")
    made = baked.begin(layout)
    assert stat.S_IMODE(layout.secrets_file.stat().st_mode) == 0o600
    assert not baked.are_whole(layout, "v1")
    assert not baked.restore(layout, "v1")
    assert layout.secrets_file.exists()  # what could not be replaced is not removed
    stopped: list[bool] = []
    baked.finish(layout, "v1", lambda: stopped.append(baked.are_whole(layout, "v1")))
    assert stopped == [False]
    assert baked.are_whole(layout, "v1")
    assert not baked.are_whole(layout, "v2")
    other = Layout(tmp_path / "other")
    assert baked.restore(other, "v1")
    assert baked.are_whole(other, "v1")
    assert other.secrets_file.read_text() == made.model_dump_json()


def test_a_copy_that_was_interrupted_is_never_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    half = cache_directory() / "openstack-data-v1.partial"
    half.mkdir(parents=True)
    layout = Layout(tmp_path / "lab")
    assert not baked.restore(layout, "v1")
    baked.begin(layout)
    baked.finish(layout, "v1", lambda: None)
    assert not half.exists()
    assert baked.restore(layout, "v1")


def test_clouds_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text("old")
    path.chmod(0o644)
    clouds.write_entries(path, {"a": {"region_name": "r", "auth": {"username": "u", "password": "p"}}})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    changed = clouds.entry(path, "a", compute_endpoint_override="http://x", auth={"password": "wrong"})
    assert changed == {
        "region_name": "r",
        "auth": {"username": "u", "password": "wrong"},
        "compute_endpoint_override": "http://x",
    }
    assert yaml.safe_load(path.read_text())["clouds"]["a"]["auth"]["password"] == "p"


def test_faults_of_hosts_are_lifted_at_the_end(tmp_path: Path) -> None:
    hosts = [Layout(tmp_path).of_compute(1, number) for number in (1, 2)]
    for host in hosts:
        host.mkdir(parents=True)
    with pytest.raises(RuntimeError), failing(tmp_path, 1, HypervisorFaults(spawn_fails="no")):
        assert all((host / "faults.json").exists() for host in hosts)
        raise RuntimeError
    assert not any((host / "faults.json").exists() for host in hosts)
    inject(tmp_path, 1, HypervisorFaults(destroy_hangs=True), (2,))
    assert [(host / "faults.json").exists() for host in hosts] == [False, True]


@pytest.mark.parametrize("name", sorted(OFFERS))
def test_a_lab_that_was_never_up_is_down_and_stays_so(name: str, tmp_path: Path) -> None:
    lab = OFFERS[name].open(tmp_path / "lab")
    status = lab.status()
    assert (status.lab, status.up) == (name, False)
    assert not (tmp_path / "lab").exists()
    assert lab.needs
    assert not lab.down(lambda _: None, purge=True).up
    assert not (tmp_path / "lab").exists()
