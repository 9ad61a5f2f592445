"""Faults of the cloud, of operators and of people at the same state, against real Terraform."""

import os
import signal
import subprocess
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from adaptors.vim.terraform import binary
from adaptors.vim.terraform.messages import Log
from domain.errors import VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceStatus, VimInstance
from tests.contract.terraform_site import TerraformSite
from tests.real.terraform_world import (
    NAME,
    StoppedByTest,
    create_all,
    eventually,
    leader,
    quiet,
    spec,
    stop_when,
    terraforms,
)

pytestmark = pytest.mark.real

_SIX = [f"shop-web-{number}" for number in range(1, 7)]


@pytest.fixture
def site(tmp_path: Path) -> TerraformSite:
    return TerraformSite(tmp_path, total=Resources.of(20, 20_000, 200))


def test_six_at_once_are_made_in_few_rounds(site: TerraformSite) -> None:
    started = time.monotonic()
    site.open().create(spec("shop-web-0"), quiet)
    one_s = time.monotonic() - started
    started = time.monotonic()
    made = create_all(site.open(), _SIX)
    assert all(isinstance(one, VimInstance) for one in made), made
    assert time.monotonic() - started < 2.5 * one_s
    assert len({server["address"] for server in site.cloud.servers()}) == 7


def test_who_comes_while_a_round_is_planned_goes_with_it(site: TerraformSite) -> None:
    names = [NAME, "shop-web-2"]
    others: list[Future[VimInstance]] = []

    def wished() -> int:
        return len([path for path in (site.directory / "wishes").iterdir() if not path.suffix])

    with ThreadPoolExecutor(1) as pool:

        def progress(words: str) -> None:
            if words.startswith("terraform plan") and not others:
                others.append(pool.submit(site.open().create, spec(names[1]), quiet))
                eventually(lambda: wished() == 2)

        assert site.open().create(spec(), progress).status is InstanceStatus.RUNNING
        assert others[0].result().status is InstanceStatus.RUNNING
    last = Log(site.directory / "run.log", site.directory).more()
    made = {each.address for each in last if each.kind == "apply_complete"}
    assert made >= {f'module.pop.lab_server.instance["{name}"]' for name in names}


def test_a_quota_in_the_middle_of_six_fails_just_those_beyond_it(site: TerraformSite) -> None:
    site.cloud.rule(capacity={"servers": 4})
    made = create_all(site.open(), _SIX)
    refused = [one for one in made if isinstance(one, VimRefusedError)]
    assert len(refused) == 2, made
    assert all("Quota exceeded for servers" in str(one) for one in refused)
    assert len([one for one in made if isinstance(one, VimInstance)]) == 4
    for name in _SIX:
        site.open().delete(name, quiet)
    assert (site.cloud.servers(), site.open().list({})) == ((), ())


def test_a_provider_that_is_away_is_waited_for_and_leaves_what_can_be_taken_up(site: TerraformSite) -> None:
    site.away()
    with pytest.raises(VimUnavailableError, match=f"create instance {NAME}.*503 Service Unavailable"):
        site.open().create(spec(), quiet)
    site.away(False)
    assert site.open().create(spec(), quiet).status is InstanceStatus.RUNNING
    assert len(site.cloud.servers()) == 1


def test_what_an_operator_deletes_by_hand_is_told_in_terraforms_words_and_built_again(
    site: TerraformSite,
) -> None:
    vim = site.open()
    first = vim.create(spec(), quiet)
    site.delete_by_hand(NAME)
    words = eventually(lambda: vim.ailment(NAME))
    assert "gone" in words and f'lab_server.instance["{NAME}"] has been deleted outside of Terraform' in words
    seen = vim.read(NAME)
    assert seen is not None and seen.status is InstanceStatus.ERROR
    again = vim.create(spec(), quiet)
    assert again.external_id != first.external_id and vim.ailment(NAME) is None


def test_nobody_rebuilds_what_was_not_asked_for(site: TerraformSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    site.delete_by_hand(NAME)
    vim.create(spec("shop-web-2"), quiet)
    assert [server["name"] for server in site.cloud.servers()] == ["shop-web-2"]
    assert eventually(lambda: vim.ailment(NAME))
    vim.delete("shop-web-2", quiet)
    assert site.cloud.servers() == ()


def test_a_change_by_hand_is_told_and_what_the_cloud_computes_is_not(site: TerraformSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    (server,) = site.cloud.servers()
    site.cloud.update(server["id"], {**server, "config": {"workers": "7"}}, lambda: False)
    words = eventually(lambda: vim.ailment(NAME))
    assert "has changed outside of Terraform: config" in words
    assert vim.create(spec(), quiet).external_id == server["id"] and vim.ailment(NAME) is None
    assert site.cloud.servers()[0]["config"] == {"workers": "2"}


def test_of_two_specs_of_one_name_at_once_one_is_made_and_the_other_refused(site: TerraformSite) -> None:
    specs = [spec(config={"workers": workers}) for workers in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(site.open().create, each, quiet) for each in specs]
    errors = [future.exception() for future in futures]
    (winner,) = [each for each, error in zip(specs, errors, strict=True) if error is None]
    (refused,) = filter(None, errors)
    assert isinstance(refused, VimRefusedError) and "config differ" in str(refused)
    assert site.cloud.servers()[0]["config"] == {"workers": str(winner.config["workers"])}


def test_a_config_that_needs_another_instance_is_refused_and_the_old_one_stays(site: TerraformSite) -> None:
    module = site.module()
    text = (module / "main.tf").read_text()
    pinned = (
        "each.value.image\n  lifecycle {\n    replace_triggered_by = [terraform_data.config[each.key]]\n  }\n"
    )
    text = text.replace("each.value.image\n", pinned)
    text += """
resource "terraform_data" "config" {
  for_each = var.instances
  input    = each.value.config
}
"""
    (module / "main.tf").write_text(text)
    vim = site.terraform(module=str(module))
    first = vim.create(spec(), quiet)
    with pytest.raises(VimRefusedError, match="cannot be changed in place"):
        vim.configure(NAME, {"workers": 3}, quiet)
    assert vim.create(spec(), quiet) == first
    allowed = site.terraform(module=str(module), replace_on_configure=True)
    allowed.configure(NAME, {"workers": 3}, quiet)
    (server,) = site.cloud.servers()
    assert server["config"] == {"workers": "3"} and server["id"] != first.external_id


def test_a_config_that_the_cloud_refuses_leaves_the_old_one(site: TerraformSite) -> None:
    vim = site.open()
    first = vim.create(spec(), quiet)
    site.cloud.rule(faults=[{"operation": "update", "message": "invalid number of workers"}])
    with pytest.raises(VimRefusedError, match="invalid number of workers"):
        vim.configure(NAME, {"workers": 3}, quiet)
    assert site.cloud.servers()[0]["config"] == {"workers": "2"}
    assert vim.create(spec(), quiet) == first


def test_terraforms_plan_is_shown_and_changes_nothing(site: TerraformSite) -> None:
    vim = site.terraform()
    vim.create(spec(), quiet)
    changes = vim.preview([spec("shop-web-2")], [NAME], quiet)
    assert {(each.component, each.action, each.address) for each in changes} == {
        ("web", "create", 'module.pop.lab_server.instance["shop-web-2"]'),
        ("web", "delete", f'module.pop.lab_server.instance["{NAME}"]'),
    }
    assert [server["name"] for server in site.cloud.servers()] == [NAME]
    assert vim.create(spec(), quiet).status is InstanceStatus.RUNNING


def test_a_state_that_a_person_has_locked_is_told_with_who_and_since_when(site: TerraformSite) -> None:
    vim = site.open(lock_timeout="10 ms")
    vim.create(spec(), quiet)
    site.cloud.rule(delete_delay_s=30.0)
    words = [
        str(binary.find()),
        "apply",
        "-destroy",
        "-auto-approve",
        "-input=false",
        "-var-file=values.json",
    ]
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(site.lab.cli_config)}
    by_hand = subprocess.Popen(
        words, cwd=site.directory, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        eventually((site.directory / ".terraform.tfstate.lock.info").exists)
        with pytest.raises(VimUnavailableError, match=r"locked by \S+@\S+ since 20.*terraform force-unlock"):
            vim.create(spec("shop-web-2"), quiet)
    finally:
        by_hand.send_signal(signal.SIGINT)
        site.cloud.rule(delete_delay_s=None)
        by_hand.wait(60)
    assert vim.create(spec("shop-web-2"), quiet).status is InstanceStatus.RUNNING


@pytest.mark.parametrize("delay", ["create_delay_s", "answer_delay_s"])
def test_a_terraform_that_is_killed_while_it_creates_loses_nothing(site: TerraformSite, delay: str) -> None:
    """Before the server is there, and after, when nobody has been told of it yet."""
    site.cloud.rule(**{delay: 60.0})
    killed: list[int] = []

    def progress(words: str) -> None:
        ready = delay == "create_delay_s" or site.cloud.servers()
        if "Creating..." in words and "lab_server" in words and ready and not killed:
            killed.append(leader(site.home) or 0)
            os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(VimUnavailableError, match=r"terraform apply was killed by signal 9"):
        site.open().create(spec(), progress)
    before = {server["id"] for server in site.cloud.servers()}
    site.cloud.rule(**{delay: None})
    made = site.open().create(spec(), quiet)
    assert {server["id"] for server in site.cloud.servers()} == {made.external_id}
    assert before <= {made.external_id}
    assert terraforms(site.home) == []


def test_a_cancelled_create_stops_at_once_and_leaves_no_process(site: TerraformSite) -> None:
    site.cloud.rule(create_delay_s=60.0)
    with pytest.raises(StoppedByTest):
        site.open().create(spec(), stop_when(lambda words: "lab_server" in words and "Creating" in words))
    site.open().delete(NAME, quiet)
    assert (site.cloud.servers(), site.open().list({})) == ((), ())
    eventually(lambda: not terraforms(site.home))


def test_a_run_that_takes_too_long_is_interrupted_and_can_be_taken_up(site: TerraformSite) -> None:
    site.open().create(spec("shop-web-2"), quiet)
    site.cloud.rule(create_delay_s=600.0)
    with pytest.raises(VimUnavailableError, match=r"terraform apply took longer than 15 s"):
        site.open(timeout="15 s").create(spec(), quiet)
    assert terraforms(site.home) == []
    site.cloud.rule(create_delay_s=None)
    assert site.open().create(spec(), quiet).status is InstanceStatus.RUNNING


def test_a_torn_state_is_restored(site: TerraformSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    first = vim.create(spec("shop-web-2"), quiet)
    state = site.directory / "terraform.tfstate"
    state.with_name("terraform.tfstate.backup").write_bytes(state.read_bytes())
    state.write_bytes(state.read_bytes()[:700])
    assert [one.name for one in site.open().list({})] == [NAME, "shop-web-2"]
    assert site.open().create(spec("shop-web-2"), quiet) == first
