"""The modelled VIM: its limits, its settings, and a world that outlives any crash."""

import ipaddress
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.modelled.world import FILE, World
from adaptors.vim.registry import open_vim
from domain.errors import InputError, VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceStatus, PopAccess
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


def test_addresses_are_deterministic_and_differ(tmp_path: Path) -> None:
    made = [vim_at(tmp_path / "a").create(spec(f"web-{number}"), quiet).address for number in range(5)]
    again = [vim_at(tmp_path / "b").create(spec(f"web-{number}"), quiet).address for number in range(5)]
    assert made == again
    assert len(set(made)) == 5
    assert all(ipaddress.ip_address(one) in ipaddress.ip_network("10.0.0.0/8") for one in made)


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


# Crashes

_CHILD = """
import sys, time
from pathlib import Path
from adaptors.vim.modelled import instances
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
    assert process.wait(10) == -signal.SIGKILL
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
