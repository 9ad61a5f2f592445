"""What the emulated VIM does beyond the port: functions that fail, crashes, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adaptors.machine import namespaces
from adaptors.machine.abilities import examine
from adaptors.machine.commands import Machine
from adaptors.machine.place import Place
from adaptors.machine.processes import Process, end
from adaptors.vim.emulator.cleaning import strays, sweep
from adaptors.vim.emulator.keeper import Keeper
from adaptors.vim.emulator.running import status_of
from adaptors.vim.emulator.vim import EmulatorVim
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import NetworkedVim
from adaptors.vim.registry import open_vim
from domain.descriptor import HealthCheck
from domain.errors import VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceStatus, PopAccess
from domain.networking import HostRoute
from tests.contract.emulated import (
    POP,
    SECRET,
    SECRET_VALUE,
    WORKER,
    add_function,
    add_secret,
    eventually,
    processes_of,
    quiet,
    require,
    spec,
    swept,
    vim_at,
)

SLEEP = "exec sleep infinity"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    require(tmp_path)
    add_function(tmp_path, "worker", **WORKER)
    with swept(tmp_path):
        yield tmp_path


@pytest.fixture
def vim(home: Path) -> EmulatorVim:
    return vim_at(home, "nft")


def status(home: Path, name: str) -> InstanceStatus | None:
    found = vim_at(home).read(name)
    return found.status if found else None


def pid_of(home: Path, name: str) -> int:
    found = status_of(Workspace.of(Place.of(home), name))
    assert found is not None
    return found.pid


def test_a_function_that_dies_at_start_is_refused_with_its_exit_code_and_log(
    home: Path, vim: EmulatorVim
) -> None:
    add_function(home, "mortal", start="echo cannot open the database; exit 3")
    with pytest.raises(VimRefusedError, match=r"(?s)berlin.*web-1.*exit code 3.*cannot open the database"):
        vim.create(spec(image="mortal"), quiet)
    assert status(home, "web-1") is InstanceStatus.ERROR
    assert "exit code 3" in vim.observe("web-1").detail
    assert vim.log("web-1", 5) == "cannot open the database"
    assert not namespaces.exists(_machine(home), Place.of(home).instance("web-1"))
    vim.delete("web-1", quiet)
    assert status(home, "web-1") is None


def test_a_function_that_a_signal_ends_says_which(home: Path, vim: EmulatorVim) -> None:
    add_function(home, "shot", start="kill -SEGV $$")
    with pytest.raises(VimRefusedError, match="SIGSEGV"):
        vim.create(spec(image="shot"), quiet)


def test_a_function_that_is_never_healthy_is_refused_with_its_checks_words(
    home: Path, vim: EmulatorVim
) -> None:
    hooks = {"start": f"echo starting; {SLEEP}", "check": "echo no backends; exit 1"}
    add_function(home, "sick", ready_timeout="500 ms", **hooks)
    with pytest.raises(VimRefusedError, match=r"(?s)not healthy within 0.5 s.*no backends.*starting"):
        vim.create(spec(image="sick"), quiet)
    assert processes_of(Place.of(home)) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"image": "nobody"}, "no function image 'nobody'"),
        ({"config": {"wrokers": 2}}, "config.wrokers"),
        ({"image": "lacking"}, "there-is-no-such-command"),
        ({"image": "router"}, "two connection points, not 1"),
        ({"secrets": {"PASSWORD": SECRET}}, f"INTERLACE_SECRET_SHOP_PASSWORD.*secrets/{SECRET}"),
        ({"name": "../escape"}, "cannot be the name"),
    ],
)
def test_what_can_be_refused_at_once_leaves_no_record(
    home: Path, vim: EmulatorVim, more: dict[str, object], words: str
) -> None:
    add_function(home, "lacking", needs=["there-is-no-such-command"])
    add_function(home, "router", forwarding="routed")
    with pytest.raises(VimRefusedError, match=words):
        vim.create(spec(**{"image": "worker", **more}), quiet)  # type: ignore[arg-type]
    assert vim.list({}) == ()


def test_a_failing_configure_is_refused_in_its_words(home: Path, vim: EmulatorVim) -> None:
    add_function(home, "fussy", configure="echo port 99999 is none; exit 1")
    with pytest.raises(VimRefusedError, match="configure exited with 1: port 99999 is none"):
        vim.create(spec(image="fussy"), quiet)


def test_a_log_is_bounded_however_much_a_function_writes(home: Path, vim: EmulatorVim) -> None:
    add_function(home, "flood", start="exec yes a line of no use")
    vim.create(spec(image="flood"), quiet)
    directory = Place.of(home).directory("vnf", "web-1")
    assert eventually(lambda: (directory / "log.1").exists())
    time.sleep(0.5)
    assert sum(path.stat().st_size for path in directory.iterdir()) < 2.2 * 2**20
    assert status(home, "web-1") is InstanceStatus.RUNNING
    *whole, last = vim.log("web-1", 3).splitlines()
    assert whole == ["a line of no use"] * 2
    assert "a line of no use".startswith(last)  # it may be in the midst of being written


@pytest.mark.parametrize("datapath", ["nft", "ovs"])
def test_sixty_instances_at_once(home: Path, datapath: str) -> None:
    require(home, datapath)
    vim = vim_at(home, datapath)
    names = [f"web-{number}" for number in range(60)]
    with ThreadPoolExecutor(60) as pool:
        made = list(pool.map(lambda name: vim.create(spec(name), quiet), names))
        assert {each.status for each in made} == {InstanceStatus.RUNNING}
        assert len({each.address for each in made}) == 60
        assert len({each.ports[0].mac for each in made}) == 60
        assert {each.status for each in vim.list({})} == {InstanceStatus.RUNNING}
        list(pool.map(lambda name: vim.delete(name, quiet), names))
    assert vim.list({}) == ()


CREATE = """
import sys; from pathlib import Path
from tests.contract.emulated import quiet, spec, vim_at
print("ready", flush=True); sys.stdin.readline()
vim_at(Path(sys.argv[1]), "nft").create(spec(), quiet)
"""


@pytest.mark.parametrize("after_s", [0.01, 0.03, 0.06, 0.09, 0.12, 0.2])
def test_a_create_killed_at_any_moment_is_taken_up_and_nothing_is_there_twice(
    home: Path, vim: EmulatorVim, after_s: float
) -> None:
    vim.switch().ensure()
    words = [sys.executable, "-c", CREATE, str(home)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdin and child.stdout
        child.stdout.readline()
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(after_s)
        child.kill()
    made = vim.create(spec(), quiet)
    assert made.status is InstanceStatus.RUNNING
    assert [each.name for each in vim.list({})] == ["web-1"]
    assert len(_instance_namespaces(home)) == 1
    assert len([line for line in processes_of(Place.of(home)) if "shim.py" in line]) == 1


def test_delete_works_after_all_its_processes_and_its_namespace_were_killed(
    home: Path, vim: EmulatorVim
) -> None:
    for name in ("web-1", "web-2"):
        vim.create(spec(name), quiet)
    for line in _pids(home, "web-1"):
        os.kill(line, signal.SIGKILL)
    assert eventually(lambda: status(home, "web-1") is InstanceStatus.ERROR)
    _machine(home).ip([f"netns delete {Place.of(home).instance('web-2')}"])
    assert status(home, "web-2") is InstanceStatus.ERROR
    assert vim.observe("web-2").detail == "its namespace is gone"
    vim.delete("web-1", quiet)
    vim.delete("web-2", quiet)
    assert processes_of(Place.of(home)) == []
    assert vim.list({}) == ()


def test_what_died_is_built_again_by_the_next_create(home: Path, vim: EmulatorVim) -> None:
    first = vim.create(spec(), quiet)
    os.kill(pid_of(home, "web-1"), signal.SIGKILL)
    assert eventually(lambda: status(home, "web-1") is InstanceStatus.ERROR)
    assert vim.create(spec(), quiet) == first
    assert status(home, "web-1") is InstanceStatus.RUNNING


def test_a_function_that_ignores_its_end_is_killed_with_all_its_processes(
    home: Path, vim: EmulatorVim
) -> None:
    add_function(home, "stubborn", start="trap '' TERM; setsid sleep 1000 & while :; do sleep 1; done")
    vim.create(spec(image="stubborn"), quiet)
    vim.delete("web-1", quiet)
    assert processes_of(Place.of(home)) == []


@pytest.mark.parametrize("length", [1, 16, 64, 140])
def test_names_of_any_length(home: Path, vim: EmulatorVim, length: int) -> None:
    name, point = "n" * length, "p" * min(length, 63)
    made = vim.create(spec(name, connection_points=(point, "lo")), quiet)
    assert [port.connection_point for port in made.ports] == [point, "lo"]
    assert all(len(port.switch_interface) <= 15 for port in made.ports)
    assert vim.read(name) == made
    vim.delete(name, quiet)


def test_addresses_overlap_between_services_never_within_one(vim: EmulatorVim) -> None:
    one = vim.create(spec("shop-web-1-a", tags={"instance": "web-1"}), quiet)
    other = vim.create(spec("bank-web-1-a", tags={"instance": "web-1", "service": "bank"}), quiet)
    second = vim.create(spec("shop-web-1-b", tags={"instance": "web-1", "operation": "op-2"}), quiet)
    assert one.address == other.address != second.address
    assert len({each.ports[0].mac for each in (one, other, second)}) == 3


def test_no_secret_is_anywhere_but_in_the_functions_environment(home: Path, vim: EmulatorVim) -> None:
    add_secret(home)
    add_function(home, "teller", start=f"echo the password is $PASSWORD; {SLEEP}", report="echo $PASSWORD")
    add_function(home, "failing", start="echo $PASSWORD; exit 1", configure="test -n $PASSWORD")
    vim.create(spec(image="teller", secrets={"PASSWORD": SECRET}), quiet)
    with pytest.raises(VimRefusedError) as caught:
        vim.create(spec("web-2", image="failing", secrets={"PASSWORD": SECRET}), quiet)
    assert vim.log("web-1", 9) == "the password is ***"
    told = [str(caught.value), vim.observe("web-1").model_dump_json(), *processes_of(Place.of(home))]
    assert "***" in str(caught.value)
    kept = [path.read_bytes() for path in Place.of(home).run.rglob("*") if path.is_file()]
    assert all(SECRET_VALUE not in text for text in told)
    assert all(SECRET_VALUE.encode() not in content for content in kept)
    environ = Path(f"/proc/{pid_of(home, 'web-1')}/environ").read_text()
    assert f"PASSWORD={SECRET_VALUE}" in environ


def test_a_function_sees_nothing_of_the_workers_environment(
    home: Path, vim: EmulatorVim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLACE_SECRET_OTHER", "of another service")
    vim.create(spec(environment={"MODE": "test"}), quiet)
    environ = Path(f"/proc/{pid_of(home, 'web-1')}/environ").read_text()
    assert "MODE=test" in environ and "another service" not in environ


def test_limits_really_limit(home: Path, vim: EmulatorVim) -> None:
    loop = "while :; do :; done"
    add_function(home, "greedy", start=f"for i in 1 2 3; do ({loop}) & done; {loop}")
    vim.create(spec(image="greedy"), quiet)
    before = vim.observe("web-1")
    if not before.limits.startswith("cgroup"):
        pytest.skip(f"no limits here: {before.limits}")
    started = time.monotonic()
    time.sleep(1.5)
    used = vim.observe("web-1").cpu_s - before.cpu_s
    assert used < 1.25 * (time.monotonic() - started)
    eat = 'b = b"x" * 400 * 2**20'
    add_function(home, "eater", start=f"exec {sys.executable} -c '{eat}'", check="exit 1")
    with pytest.raises(VimRefusedError, match="SIGKILL"):
        vim.create(spec("web-2", image="eater"), quiet)


def test_health_checks_of_the_descriptor_are_asked_at_the_instances_address(
    home: Path, vim: EmulatorVim
) -> None:
    serve = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, port=8080)"
    add_function(home, "web", start=f'exec {sys.executable} -c "{serve}"')
    good = HealthCheck(type="http", port=8080)
    assert vim.create(spec(image="web", health_check=good), quiet).status is InstanceStatus.RUNNING
    assert vim.observe("web-1").healthy
    add_function(home, "hasty", start=SLEEP, ready_timeout="300 ms")
    with pytest.raises(VimRefusedError, match=r"tcp 10\..*:81: .*refused"):
        vim.create(spec("web-2", image="hasty", health_check=HealthCheck(type="tcp", port=81)), quiet)


def test_a_routed_function_passes_packets_on(home: Path, vim: EmulatorVim) -> None:
    add_function(home, "router", forwarding="routed")
    made = vim.create(spec(image="router", connection_points=("inside", "outside")), quiet)
    assert made.forwarding == "routed" and len(made.ports) == 2
    rules = subprocess.run(vim.command("web-1", ["ip", "rule"]), capture_output=True, text=True).stdout
    assert "iif inside lookup 101" in rules and "iif outside lookup 102" in rules
    forward = vim.command("web-1", ["cat", "/proc/sys/net/ipv4/ip_forward"])
    assert subprocess.run(forward, capture_output=True, text=True).stdout == "1\n"


def test_routes_are_replaced_as_a_whole(vim: EmulatorVim) -> None:
    made = vim.create(spec(), quiet)

    def routes(*destinations: str) -> set[str]:
        vim.routes("web-1", [HostRoute(destination=each, connection_point="front") for each in destinations])
        shown = subprocess.run(vim.command("web-1", ["ip", "route"]), capture_output=True, text=True).stdout
        assert all(f"src {made.address}" in line for line in shown.splitlines())
        return {line.split()[0] for line in shown.splitlines()}

    assert routes("10.1.0.1", "10.1.0.2") == {"10.1.0.1", "10.1.0.2"}
    assert routes("10.1.0.2", "10.1.0.3") == {"10.1.0.2", "10.1.0.3"}
    bent = ["ip", "route", "replace", "10.1.0.2/32", "dev", "front", "proto", "188"]  # with no source
    subprocess.run(vim.command("web-1", bent), check=True)
    assert routes("10.1.0.2", "10.1.0.3") == {"10.1.0.2", "10.1.0.3"}
    assert routes() == set()
    with pytest.raises(VimRefusedError, match="no connection point back"):
        vim.routes("web-1", [HostRoute(destination="10.1.0.1", connection_point="back")])


def test_a_running_instance_takes_another_config_or_keeps_its_own(home: Path, vim: EmulatorVim) -> None:
    note = 'echo "$INTERLACE_RUNNING" >> "$INTERLACE_DIR/seen"'
    script = f'{note}; ! grep -q 13 "$INTERLACE_CONFIG" || {{ echo 13 is bad; exit 1; }}'
    add_function(home, "tunable", start=SLEEP, configure=script, report='cat "$INTERLACE_CONFIG"')
    vim.create(spec(image="tunable", config={"workers": 2}), quiet)
    vim.configure("web-1", {"workers": 3}, quiet)
    with pytest.raises(VimRefusedError, match="13 is bad"):
        vim.configure("web-1", {"workers": 13}, quiet)
    assert vim.observe("web-1").function == {"workers": 3}
    assert vim.create(spec(image="tunable", config={"workers": 3}), quiet).status is InstanceStatus.RUNNING
    assert (Place.of(home).directory("vnf", "web-1") / "seen").read_text() == "0\n1\n1\n"


def test_ready_waits_for_the_function(home: Path, vim: EmulatorVim) -> None:
    add_function(home, "shy", start=SLEEP, ready='test -e "$INTERLACE_DIR/go" || { echo waiting; exit 1; }')
    vim.create(spec(image="shy"), quiet)
    with pytest.raises(VimUnavailableError, match=r"not ready within 0\.2 s: waiting"):
        vim.ready("web-1", quiet, 0.2)
    (Place.of(home).directory("vnf", "web-1") / "go").touch()
    vim.ready("web-1", quiet, 1)


def test_sweep_leaves_what_is_known_and_nothing_else(home: Path, vim: EmulatorVim) -> None:
    for name in ("web-1", "web-2", "web-3"):
        vim.create(spec(name), quiet)
    assert strays(home, ["web-1", "web-2", "web-3"]) == []
    assert any("web-2" in line for line in strays(home, ["web-1", "web-3"]))
    assert sweep(home, ["web-1", "web-3"])
    assert [each.name for each in vim.list({})] == ["web-1", "web-3"]
    assert strays(home, ["web-1", "web-3"]) == []
    (Place.of(home).run / "emulator.sqlite").unlink()
    _machine(home).ip([f"netns delete {Place.of(home).instance('web-1')}"])
    assert sweep(home, ())
    assert strays(home, ()) == [] and processes_of(Place.of(home)) == []


def test_the_keeper_brings_a_killed_switch_back(home: Path) -> None:
    require(home, "ovs")
    vim = vim_at(home, "ovs")
    vim.create(spec(), quiet)
    assert Keeper(home).look() == []
    place = Place.of(home)
    daemons = [entry for entry in _all_pids() if "ovs" in _words(entry) and str(place.run) in _words(entry)]
    assert daemons
    end([Process.of(pid) for pid in daemons])
    assert not vim.switch().healthy()
    assert Keeper(home).look() == [f"the switch of PoP {POP} died and was brought back"]
    assert vim.switch().healthy()


def test_it_serves_the_port_of_networked_vims(home: Path) -> None:
    access = PopAccess(name=POP, capacity=Resources.of(1, 1, 1))
    assert isinstance(open_vim("emulator", access, home), NetworkedVim)
    assert not isinstance(open_vim("modelled", access, home), NetworkedVim)


ROOTLESS = """
import sys; from pathlib import Path
from adaptors.machine.abilities import examine
from adaptors.machine.commands import Machine
from tests.contract.emulated import WORKER, add_function, quiet, spec, swept, vim_at
home = Path(sys.argv[1])
abilities, machine = examine(home)
if machine is None:
    print("SKIP", abilities.why); sys.exit()
add_function(home, "worker", **WORKER)
with swept(home):
    vim = vim_at(home, "nft")
    made = vim.create(spec(), quiet)
    assert vim.read("web-1") == made and made.status == "RUNNING"
    print(vim.observe("web-1").limits)
    vim.delete("web-1", quiet)
    vim.create(spec("web-2"), quiet)
"""


HOLDERS = """
import os, psutil, signal, sys, time; from pathlib import Path
from adaptors.machine import usernamespace
from adaptors.machine.abilities import examine, forget_unused
from adaptors.machine.place import Place
from domain.errors import VimRefusedError
from tests.contract.emulated import WORKER, add_function, eventually, processes_of, quiet, spec, swept, vim_at
home = Path(sys.argv[1])
abilities, machine = examine(home)
if machine is None:
    print("SKIP", abilities.why); sys.exit()

def held():
    found = usernamespace.held(machine.place)
    assert found
    return found

looked = held()
forget_unused(home)
assert not looked.alive() and not machine.place.run.exists()
add_function(home, "worker", **WORKER)
with swept(home):
    vim = vim_at(home, "nft")
    made = vim.create(spec(), quiet)
    forget_unused(home)
    first = held()
    first.signal(signal.SIGKILL)
    assert eventually(lambda: not first.alive())
    assert vim.read("web-1") == made and vim.observe("web-1").healthy
    assert held() != first and usernamespace.gone(machine.place) == ""
    inside = usernamespace._known(machine.place).namespaces
    while found := [pid for pid in psutil.pids() if usernamespace._namespaces(pid) == inside]:
        for pid in found:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
    assert eventually(lambda: usernamespace.held(machine.place) is None)
    assert vim.list({}) == ()
    try:
        vim.observe("web-1")
    except VimRefusedError as error:
        assert "the emulated world is gone" in str(error)
    vim.delete("web-1", quiet)
    assert vim.create(spec(), quiet).status == "RUNNING"
print("held")
"""


def test_a_killed_holder_of_the_user_namespace_is_replaced_and_a_world_that_is_gone_begins_anew() -> None:
    if os.geteuid() != 0:
        pytest.skip("root starts it as an ordinary user")
    assert _run_as_nobody(HOLDERS).startswith("held")


NO_MORE = """
import sys; from pathlib import Path
from adaptors.machine.abilities import examine
from adaptors.machine.place import Place
from interfaces.cli import emulated
home = Path(sys.argv[1])
open("/proc/sys/user/max_user_namespaces", "w").write("0")
abilities, machine = examine(home)
assert machine is None and not abilities.datapaths
print(abilities.why)
emulated.remove_all(home)
assert not Place.of(home).run.exists() or not any(Place.of(home).run.iterdir())
emulated.forget(home)
"""


def test_without_user_namespaces_an_ordinary_user_is_told_why_and_nothing_stays() -> None:
    if os.geteuid() != 0:
        pytest.skip("root starts it as an ordinary user")
    said = _run_as_nobody(NO_MORE, "unshare", "--user", "--map-current-user", "--keep-caps")
    assert "the kernel refuses a user namespace" in said and "max_user_namespaces" in said


def _run_as_nobody(script: str, *within: str) -> str:
    interpreter = _interpreter_of_nobody()
    home = _as_nobody(["mktemp", "-d"]).stdout.strip()
    try:
        done = _as_nobody([*within, *interpreter, "-c", script, home])
    finally:
        _as_nobody(["rm", "-rf", home])
    if done.stdout.startswith("SKIP") or "unshare failed" in done.stderr:
        pytest.skip(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_ordinary_user_runs_it_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    if os.geteuid() != 0:
        pytest.skip("all of these tests run without root already")
    interpreter = _interpreter_of_nobody()
    done = _as_nobody(["mktemp", "-d"])
    home = done.stdout.strip()
    try:
        done = _as_nobody([*interpreter, "-c", ROOTLESS, home])
    finally:
        _as_nobody(["rm", "-rf", home])
    if done.stdout.startswith("SKIP"):
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("none: only root")


def _interpreter_of_nobody() -> list[str]:
    for words in ([sys.executable], ["python3"], ["/usr/bin/python3"]):
        if _as_nobody([*words, "-c", "import pydantic, psutil, yaml, pytest, domain"]).returncode == 0:
            return words
    pytest.skip("no Python that an ordinary user may run has the dependencies")


def _as_nobody(words: list[str]) -> "subprocess.CompletedProcess[str]":
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join([str(ROOT), *_site_packages()])}
    plainly = ["sh", "-c", 'exec "$0" "$@"']  # setpriv itself still executes what only root may
    return subprocess.run(
        [*user, *plainly, *words],
        capture_output=True,
        text=True,
        env={**env, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
    )


def _site_packages() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages")]


def _machine(home: Path) -> Machine:
    machine = examine(home)[1]
    assert machine is not None
    return machine


def _instance_namespaces(home: Path) -> list[str]:
    machine = _machine(home)
    return [name for name in namespaces.names(machine) if name.startswith(machine.place.instance(""))]


def _pids(home: Path, name: str) -> list[int]:
    mark = f"INTERLACE_DIR={Place.of(home).directory('vnf', name)}".encode()
    return [pid for pid in _all_pids() if mark in _environ(pid)]


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _words(pid: int) -> str:
    return _content(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")


def _environ(pid: int) -> list[bytes]:
    return _content(pid, "environ").split(b"\0")


def _content(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
