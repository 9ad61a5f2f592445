"""States in a backend that is no file, and workers that die: what they leave is made good."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.errors import InputError, InterlaceError, VimUnavailableError
from domain.instances import InstanceStatus
from tests.contract.terraform_site import POP, TerraformSite
from tests.real.terraform_backend import Backend, backend
from tests.real.terraform_world import NAME, eventually, leader, quiet, spec, terraforms

pytestmark = pytest.mark.real

_STATE, _LOCK = f"/{POP}/shop/web", f"/{POP}/shop/web.lock"
_CREATE = """
import sys
from pathlib import Path
from tests.contract.terraform_site import TerraformSite
from tests.real.terraform_world import quiet, spec

TerraformSite(Path(sys.argv[1])).open().create(spec(), quiet)
"""


@pytest.fixture
def site(tmp_path: Path) -> TerraformSite:
    return TerraformSite(tmp_path)


@pytest.fixture
def remote() -> Iterator[Backend]:
    with backend() as made:
        yield made


def test_a_state_in_a_remote_backend_tells_all(site: TerraformSite, remote: Backend) -> None:
    vim = site.open(backend=remote.settings())
    made = vim.create(spec(), quiet)
    assert not (site.directory / "terraform.tfstate").exists() and _STATE in remote.states
    vim.list({})
    before = remote.reads
    assert [vim.read(NAME) for _ in range(20)] == [made] * 20
    assert remote.reads - before <= 2
    assert vim.capacity()[1].vcpus == 1
    vim.delete(NAME, quiet)
    assert (vim.list({}), remote.locks) == ((), {})


def test_a_lock_of_another_machine_is_told_and_left(site: TerraformSite, remote: Backend) -> None:
    vim = site.open(backend=remote.settings(), lock_timeout="10 ms")
    remote.lock_as(_LOCK, "ann@elsewhere", "2026-01-02T03:04:05.000000Z")
    with pytest.raises(VimUnavailableError, match=r"locked by somebody \(lock 11111111-2222.*force-unlock"):
        vim.create(spec(), quiet)
    assert _LOCK in remote.locks


def test_the_lock_of_a_run_that_was_killed_is_taken_away(site: TerraformSite, remote: Backend) -> None:
    settings = {"backend": remote.settings(), "lock_timeout": "10 ms"}
    site.cloud.rule(answer_delay_s=60.0)

    def progress(_: str) -> None:
        if site.cloud.servers():
            os.kill(leader(site.home) or 0, signal.SIGKILL)

    with pytest.raises(VimUnavailableError, match="killed by signal 9"):
        site.open(**settings).create(spec(), progress)
    assert _LOCK in remote.locks
    site.cloud.rule(answer_delay_s=None)
    (server,) = site.cloud.servers()
    assert site.open(**settings).create(spec(), quiet).external_id == server["id"]
    assert remote.locks == {}


def test_a_state_that_could_not_be_saved_is_pushed_by_the_next_call(
    site: TerraformSite, remote: Backend
) -> None:
    vim = site.open(backend=remote.settings())

    def progress(_: str) -> None:
        remote.away = bool(site.cloud.servers())

    site.cloud.rule(answer_delay_s=0.5)
    with pytest.raises(VimUnavailableError):
        vim.create(spec(), progress)
    assert (site.directory / "errored.tfstate").exists()
    with pytest.raises(VimUnavailableError, match=r"could not save is in .*errored\.tfstate"):
        vim.create(spec(), quiet)
    remote.away = False
    (server,) = site.cloud.servers()
    assert vim.create(spec(), quiet).external_id == server["id"]
    assert len(site.cloud.servers()) == 1 and not (site.directory / "errored.tfstate").exists()


def test_a_backend_that_is_away_is_waited_for(site: TerraformSite) -> None:
    gone = Backend("http://127.0.0.1:1")
    with pytest.raises(VimUnavailableError, match="connection refused"):
        site.open(backend=gone.settings()).create(spec(), quiet)


def test_components_cannot_share_a_state(site: TerraformSite) -> None:
    with pytest.raises(InputError, match=r"config must say \{service\} and \{component\}"):
        site.open(backend={"type": "http", "config": {"address": "http://127.0.0.1:1/state"}})


@pytest.mark.parametrize("delay", ["create_delay_s", "answer_delay_s"])
def test_a_worker_that_is_killed_leaves_a_run_that_the_next_one_waits_for(
    site: TerraformSite, delay: str
) -> None:
    site.cloud.rule(**{delay: 120.0})
    worker = subprocess.Popen([sys.executable, "-c", _CREATE, str(site.home)])
    eventually(lambda: "lab_server" in _log(site) and "Creating..." in _log(site), within_s=100.0)
    worker.kill()
    worker.wait()
    assert leader(site.home) is not None
    waited: list[str] = []

    def progress(words: str) -> None:
        waited.append(words)
        if any("which goes on since" in each for each in waited):
            site.cloud.rule(**{delay: None})

    try:
        made = site.open().create(spec(), progress)
    except InterlaceError as error:
        raise AssertionError(f"{error}; {list(dict.fromkeys(waited))}; {_logs(site)}") from error
    assert made.status is InstanceStatus.RUNNING
    assert any("waiting for terraform apply, process" in each for each in waited)
    assert [server["id"] for server in site.cloud.servers()] == [made.external_id]
    assert terraforms(site.home) == []


def test_a_look_leaves_a_state_alone_that_a_run_without_its_worker_still_writes(site: TerraformSite) -> None:
    site.cloud.rule(create_delay_s=120.0)
    worker = subprocess.Popen([sys.executable, "-c", _CREATE, str(site.home)])
    eventually(lambda: "lab_server" in _log(site) and "Creating..." in _log(site), within_s=100.0)
    worker.kill()
    worker.wait()
    state = site.directory / "terraform.tfstate"
    state.open("w").close()  # as it is for a moment whenever Terraform writes it: in place, from empty
    writes_to = state.stat().st_ino
    assert site.open().list({}) == ()
    assert state.stat().st_ino == writes_to
    site.cloud.rule(create_delay_s=None)
    made = site.open().create(spec(), quiet)
    assert [server["id"] for server in site.cloud.servers()] == [made.external_id]


def test_a_worker_and_its_terraform_that_are_killed_lose_nothing(site: TerraformSite) -> None:
    site.cloud.rule(answer_delay_s=120.0)
    worker = subprocess.Popen([sys.executable, "-c", _CREATE, str(site.home)])
    (server,) = eventually(site.cloud.servers, within_s=100.0)
    worker.kill()
    worker.wait()
    os.kill(leader(site.home) or 0, signal.SIGKILL)
    site.cloud.rule(answer_delay_s=None)
    assert site.open().create(spec(), quiet).external_id == server["id"]
    site.open().delete(NAME, quiet)
    assert (site.cloud.servers(), site.open().list({})) == ((), ())
    eventually(lambda: not terraforms(site.home))


def _logs(site: TerraformSite) -> dict[str, str]:
    """All that Terraform has said."""
    return {path.name: path.read_text() for path in site.directory.glob("*.log")}


def _log(site: TerraformSite) -> str:
    path = site.directory / "run.log"
    return path.read_text() if path.exists() else ""
