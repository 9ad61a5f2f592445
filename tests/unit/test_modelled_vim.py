"""The modelled VIM: its limits, its settings, and a world that outlives any crash."""

import ipaddress
import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.modelled import instances
from adaptors.vim.modelled.deeds import crash
from adaptors.vim.modelled.faults import Faults
from adaptors.vim.modelled.world import FILE, VERSION_1, World
from adaptors.vim.registry import open_vim
from domain.errors import InputError, VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceStatus, PopAccess
from domain.steering import ImageTraits
from tests.unit.modelled import Cancelled, cancelling, quiet, spec, vim_at

ROOT = Path(__file__).resolve().parents[2]

# Capacity, quota, settings


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ({"instances": 2}, "instances would be 3, allowed are 2"),
        ({"vcpus": 2}, "vcpus would be 3, allowed are 2"),
        ({"memory": "300 MiB"}, "memory would be 384 MiB, allowed are 300 MiB"),
    ],
)
def test_the_quota_refuses_the_third(tmp_path: Path, quota: dict[str, Any], words: str) -> None:
    vim = vim_at(tmp_path, quota=quota)
    vim.create(spec("web-1"), quiet)
    vim.create(spec("web-2"), quiet)
    with pytest.raises(VimRefusedError, match=f"berlin.*web-3.*quota exceeded: {words}"):
        vim.create(spec("web-3"), quiet)
    vim.create(spec("web-2"), quiet)
    vim.delete("web-1", quiet)
    vim.create(spec("web-3"), quiet)


def test_twenty_threads_never_exceed_the_capacity(tmp_path: Path) -> None:
    def created(number: int) -> bool:
        try:
            vim_at(tmp_path, vcpus=15).create(spec(f"web-{number}", vcpus=2), quiet)
        except VimRefusedError as error:
            assert "capacity exhausted: vcpus 14 used + 2 asked > 15" in str(error)
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(created, range(20))) == 7
    vim = vim_at(tmp_path, vcpus=15)
    assert vim.capacity()[1] == Resources.of(14, 7 * 128, 7)
    assert len({one.address for one in vim.list({})}) == 7


def test_an_instance_in_deletion_still_holds_its_capacity(tmp_path: Path) -> None:
    vim = vim_at(tmp_path, vcpus=1, delete_delay="600 ms")
    vim.create(spec("web-1"), quiet)
    with pytest.raises(Cancelled):
        vim.delete("web-1", cancelling(0.1))
    assert [one.status for one in vim.list({})] == [InstanceStatus.DELETING]
    with pytest.raises(VimRefusedError, match="capacity exhausted"):
        vim.create(spec("web-2"), quiet)
    vim.delete("web-1", quiet)
    vim.create(spec("web-2"), quiet)


def test_what_is_built_unattended_goes_on_without_its_caller(tmp_path: Path) -> None:
    vim = vim_at(tmp_path, create_delay="5 s")
    with pytest.raises(Cancelled):
        vim.create(spec("web-1"), cancelling(0.1))
    assert [one.status for one in vim.list({})] == [InstanceStatus.BUILD]


def test_what_is_built_attended_dies_with_its_caller(tmp_path: Path) -> None:
    vim = vim_at(tmp_path, create_delay="400 ms", unattended=False)
    with pytest.raises(Cancelled):
        vim.create(spec("web-1"), cancelling(0.3))
    assert vim.list({}) == ()
    began = time.monotonic()
    assert vim.create(spec("web-1"), quiet).status is InstanceStatus.RUNNING
    assert time.monotonic() - began >= 0.4


def test_what_stands_is_found_at_once_however_it_was_built(tmp_path: Path) -> None:
    made = vim_at(tmp_path, create_delay="10 ms", unattended=False).create(spec("web-1"), quiet)
    found = vim_at(tmp_path, create_delay="60 s", unattended=False).create(spec("web-1"), cancelling(30))
    assert found.external_id == made.external_id


def test_what_failed_is_built_anew_attended_too(tmp_path: Path) -> None:
    vim = vim_at(tmp_path, create_delay="300 ms", unattended=False)
    vim.create(spec("web-1"), quiet)
    crash(tmp_path, "berlin", "web-1", "it broke")
    with pytest.raises(Cancelled):
        vim.create(spec("web-1"), cancelling(0.1))
    assert vim.create(spec("web-1"), quiet).status is InstanceStatus.RUNNING


def test_addresses_are_deterministic_and_differ(tmp_path: Path) -> None:
    made = [vim_at(tmp_path / "a").create(spec(f"web-{number}"), quiet).address for number in range(5)]
    again = [vim_at(tmp_path / "b").create(spec(f"web-{number}"), quiet).address for number in range(5)]
    assert made == again
    assert len(set(made)) == 5
    assert all(ipaddress.ip_address(one) in ipaddress.ip_network("10.0.0.0/8") for one in made)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("10.1.2.3", r"berlin.*db-1.*address 10\.1\.2\.3 is taken by instance web-1 at PoP paris"),
        ("10.1.2.300", r"berlin.*db-1.*'10\.1\.2\.300' is not IPv4"),
    ],
)
def test_an_address_that_cannot_be_had_is_refused(tmp_path: Path, asked: str, words: str) -> None:
    points = ("http",)
    paris = vim_at(tmp_path, "paris")
    paris.create(spec("web-1", "paris", connection_points=points, addresses={"http": "10.1.2.3"}), quiet)
    wanted = spec("db-1", connection_points=points, addresses={"http": asked})
    with pytest.raises(VimRefusedError, match=words):
        vim_at(tmp_path).create(wanted, quiet)
    paris.delete("web-1", quiet)
    if asked == "10.1.2.3":
        assert vim_at(tmp_path).create(wanted, quiet).address == asked


def test_addresses_of_two_services_may_overlap_but_none_is_given_twice_unasked(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    first = vim.create(spec("web-1"), quiet).address
    other: dict[str, Any] = {
        "tags": {"service": "other"},
        "connection_points": ("http",),
        "addresses": {"http": first},
    }
    assert vim.create(spec("web-2", **other), quiet).address == first
    vim.delete("web-1", quiet)
    assert vim.create(spec("web-1"), quiet).address != first


def test_only_the_address_of_the_first_connection_point_is_kept(tmp_path: Path) -> None:
    wanted = spec(connection_points=("in", "out"), addresses={"in": "10.1.2.3", "out": "10.1.2.4"})
    assert vim_at(tmp_path).create(wanted, quiet).address == "10.1.2.3"


# Config and traits


def test_a_configure_takes_its_time_and_a_cancelled_one_changes_nothing(tmp_path: Path) -> None:
    vim = vim_at(tmp_path, configure_delay="400 ms")
    vim.create(spec(), quiet)
    with pytest.raises(Cancelled):
        vim.configure("web-1", {"workers": 3}, cancelling(0.1))
    vim.create(spec(), quiet)
    started = time.monotonic()
    vim.configure("web-1", {"workers": 3}, quiet)
    assert time.monotonic() - started >= 0.4
    vim.configure("web-1", {"workers": 3}, cancelling(0.1))
    vim.create(spec(config={"workers": 3}), quiet)


def test_a_change_of_type_is_a_change(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    vim.create(spec(config={"debug": 1}), quiet)
    vim.configure("web-1", {"debug": True}, quiet)
    with World(tmp_path).reading() as connection:
        row = instances.find(connection, "berlin", "web-1")
    assert row is not None and row.made_from().config == {"debug": True}


def test_what_is_being_built_cannot_be_configured_yet(tmp_path: Path) -> None:
    vim = vim_at(tmp_path, create_delay="60 s")
    with pytest.raises(Cancelled):
        vim.create(spec(), cancelling(0.1))
    assert vim.ailment("web-1") == "it is in BUILD"
    with pytest.raises(VimRefusedError, match=r"berlin.*web-1.*it is in BUILD"):
        vim.configure("web-1", {"workers": 3}, quiet)


def test_the_settings_say_the_traits_of_images(tmp_path: Path) -> None:
    functions = {"database": {"single": True, "stateful": True}, "nat:2.0": {"routed": True}}
    vim = vim_at(tmp_path, functions=functions)
    assert vim.traits("database") == vim.traits("database:1.0") == ImageTraits(single=True, stateful=True)
    assert vim.traits("nat:2.0") == ImageTraits(routed=True)
    assert vim.traits("nat:1.0") == vim.traits("nat") == vim.traits("web") == ImageTraits()


def test_a_create_whose_instance_is_deleted_meanwhile_says_so(tmp_path: Path) -> None:
    timer = threading.Timer(0.3, lambda: vim_at(tmp_path).delete("web-1", quiet))
    timer.start()
    with pytest.raises(VimUnavailableError, match="deleted while it was being built"):
        vim_at(tmp_path, create_delay="5 s").create(spec(), quiet)
    timer.join()


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"create_delay": 5}, "create_delay"),
        ({"create_delay": "5 m"}, "create_delay"),
        ({"quota": {"vcpus": "4"}}, "quota.vcpus"),
        ({"quota": {"cores": 4}}, "quota.cores"),
        ({"speed": "fast"}, "speed"),
        ({"configure_delay": 1}, "configure_delay"),
        ({"functions": {"web": {"double": True}}}, "functions.web.double"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError, match=f"berlin.*{field}: "):
        vim_at(tmp_path, **settings)


def test_an_unknown_kind_names_those_known(tmp_path: Path) -> None:
    access = PopAccess(name="berlin", capacity=Resources.of(1, 1, 1))
    with pytest.raises(InputError, match=r"berlin.*'vapour'.*modelled"):
        open_vim("vapour", access, tmp_path)


def test_a_world_that_cannot_be_opened_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database, and long enough to be seen as none" * 40)
    with pytest.raises(VimUnavailableError, match="berlin"):
        vim_at(tmp_path)


# Worlds of earlier versions


def old_world(home: Path) -> dict[str, str]:
    """A world as version 1 made it; the addresses of its instances."""
    connection = sqlite3.connect(home / FILE, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for statement in VERSION_1:
        connection.execute(statement)
    addresses = {}
    for number in range(3):
        made = spec(f"web-{number}", config={"workers": 2})
        made_from = made.model_dump_json(exclude={"addresses"})
        addresses[made.name] = f"10.0.0.{number + 1}"
        values = ("berlin", made.name, f"id-{number}", addresses[made.name], made_from, json.dumps(made.tags))
        connection.execute(
            f"INSERT INTO instances VALUES ({', '.join('?' * 11)})", (*values, 1, 128, 1, 0.0, None)
        )
    connection.execute("INSERT INTO faults (kind, operation, message) VALUES ('permanent', 'list', 'kept')")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    return addresses


def test_a_world_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    addresses = old_world(tmp_path)
    vim = vim_at(tmp_path)
    with pytest.raises(VimRefusedError, match="kept"):
        vim.list({"service": "s"})
    Faults(tmp_path).clear()
    assert {one.name: one.address for one in vim.list({"service": "s"})} == addresses
    found = vim.create(spec("web-1", config={"workers": 2}), quiet)
    assert (found.external_id, vim.ailment("web-1")) == ("id-1", None)
    assert vim.capacity()[1] == Resources.of(3, 384, 3)


def test_a_world_of_an_earlier_version_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    for number in range(20):
        home = tmp_path / str(number)
        home.mkdir()
        old_world(home)
        with ThreadPoolExecutor(10) as pool:
            worlds = list(pool.map(World, [home] * 10))
        with worlds[0].reading() as connection:
            assert len(instances.of_pop(connection, "berlin")) == 3


# Crashes

_CHILD = """
import sys, time
from pathlib import Path
from adaptors.vim.modelled import instances
from adaptors.vim.modelled.deeds import crash
from adaptors.vim.modelled.world import World
from tests.unit.modelled import quiet, spec, vim_at

def create_slowly(home):
    vim_at(home, create_delay="2 s").create(spec(), say)

def die_in_a_transaction(home):
    with World(home).writing() as connection:
        instances.insert(connection, spec(), 0)
        say("inserted")
        time.sleep(60)

def storm(home):
    vim = vim_at(home, vcpus=15)
    for number in range(10):
        try:
            vim.create(spec(f"{sys.argv[3]}-{number}"), quiet)
        except Exception as error:
            assert "capacity exhausted" in str(error), error

def say(message):
    print(message, flush=True)

globals()[sys.argv[1]](Path(sys.argv[2]))
"""


def child(what: str, home: Path, name: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CHILD, what, str(home), name]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill_when_said(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert any(word in line for line in process.stdout)
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    process.stdout.close()


def test_a_create_whose_process_was_killed_is_found_and_completed(tmp_path: Path) -> None:
    kill_when_said(child("create_slowly", tmp_path), "being built")
    vim = vim_at(tmp_path)
    (half,) = vim.list({})
    assert half.status is InstanceStatus.BUILD
    done = vim.create(spec(), quiet)
    assert (done.external_id, done.status) == (half.external_id, InstanceStatus.RUNNING)
    assert vim.capacity()[1].vcpus == 1


def test_a_process_killed_in_a_transaction_leaves_nothing(tmp_path: Path) -> None:
    kill_when_said(child("die_in_a_transaction", tmp_path), "inserted")
    vim = vim_at(tmp_path)
    assert vim.list({}) == ()
    vim.create(spec(), quiet)


def test_many_processes_share_one_world_from_its_birth(tmp_path: Path) -> None:
    children = [child("storm", tmp_path, f"p{number}") for number in range(6)]
    assert [one.wait(60) for one in children] == [0] * 6
    for one in children:
        assert one.stdout is not None
        one.stdout.close()
    assert vim_at(tmp_path, vcpus=15).capacity()[1].vcpus == 15


def test_a_new_world_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    """Switching a new file to WAL fails at once where another opens it: it did in 2 of 3,000 openings."""
    with ThreadPoolExecutor(20) as pool:
        for number in range(40):
            homes = [tmp_path / str(number)] * 20
            assert len(list(pool.map(World, homes))) == 20
