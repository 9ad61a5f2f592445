"""Instances that stay themselves: on the modelled VIM, and which kinds of VIM can do that."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.emulator.vim import EmulatorVim
from adaptors.vim.kubernetes.vim import KubernetesVim
from adaptors.vim.modelled.deeds import crash
from adaptors.vim.modelled.vim import ModelledVim
from adaptors.vim.openstack.vim import OpenstackVim
from adaptors.vim.port import HostedVim, Progress
from adaptors.vim.terraform.vim import TerraformVim
from domain.errors import VimRefusedError
from domain.infrastructure import Resources
from domain.names import HOSTED_KINDS, VIM_KINDS
from tests.unit.modelled import Cancelled, cancelling, quiet, spec, vim_at


def hosted(home: Path, **fields: Any) -> HostedVim:
    vim = vim_at(home, **fields)
    assert isinstance(vim, HostedVim)
    return vim


def test_a_resized_instance_is_one_of_the_spec_with_these_resources(tmp_path: Path) -> None:
    vim = hosted(tmp_path)
    made = vim.create(spec(), quiet)
    assert vim.resize("web-1", Resources.of(3, 256, 1), quiet).endswith("now")
    assert vim.capacity()[1] == Resources.of(3, 256, 1)
    found = vim.create(spec(resources=Resources.of(3, 256, 1)), quiet)
    assert (found.external_id, found.address, found.resources.vcpus) == (made.external_id, made.address, 3)
    assert vim.resize("web-1", Resources.of(3, 256, 1), quiet).endswith("already")
    with pytest.raises(VimRefusedError, match="resources differ"):
        vim.create(spec(), quiet)


def test_a_resize_needs_room_only_for_what_is_more(tmp_path: Path) -> None:
    vim = hosted(tmp_path, vcpus=4)
    vim.create(spec("web-1", vcpus=3), quiet)
    vim.resize("web-1", Resources.of(4, 128, 1), quiet)
    words = "PoP berlin: resize of instance web-1 was refused.*vcpus 0 used . 5 asked > 4"
    with pytest.raises(VimRefusedError, match=words):
        vim.resize("web-1", Resources.of(5, 128, 1), quiet)
    assert vim.capacity()[1].vcpus == 4
    vim.resize("web-1", Resources.of(1, 128, 1), quiet)
    vim.create(spec("web-2", vcpus=3), quiet)


def test_a_move_changes_nothing_but_the_host(tmp_path: Path) -> None:
    vim = hosted(tmp_path)
    made = vim.create(spec(), quiet)
    assert vim.move("web-1", True, quiet) == "web-1 moved (live) from host 1 to host 2"
    assert vim.move("web-1", False, quiet) == "web-1 moved (cold) from host 2 to host 3"
    assert vim.create(spec(), quiet) == made


@pytest.mark.parametrize("call", ["resize", "move"])
def test_only_what_runs_is_resized_or_moved(tmp_path: Path, call: str) -> None:
    vim = hosted(tmp_path)
    calls: dict[str, Callable[[], str]] = {
        "resize": lambda: vim.resize("web-1", Resources.of(2, 128, 1), quiet),
        "move": lambda: vim.move("web-1", True, quiet),
    }
    work = calls[call]
    with pytest.raises(VimRefusedError, match=f"{call} of instance web-1 .*there is none of this name"):
        work()
    vim.create(spec(), quiet)
    crash(tmp_path, "berlin", "web-1", "kernel panic")
    with pytest.raises(VimRefusedError, match="kernel panic"):
        work()


def test_both_take_their_time_and_a_stopped_one_changes_nothing(tmp_path: Path) -> None:
    vim = hosted(tmp_path, resize_delay="5 s", move_delay="5 s")
    vim.create(spec(), quiet)
    works: tuple[Callable[[Progress], str], ...] = (
        lambda progress: vim.resize("web-1", Resources.of(2, 128, 1), progress),
        lambda progress: vim.move("web-1", True, progress),
    )
    for work in works:
        with pytest.raises(Cancelled):
            work(cancelling(0.2))
    assert vim.capacity()[1].vcpus == 1


def test_the_kinds_of_vim_that_can_are_those_that_plans_take_for_able() -> None:
    classes: dict[str, type] = {
        "emulator": EmulatorVim,
        "kubernetes": KubernetesVim,
        "modelled": ModelledVim,
        "openstack": OpenstackVim,
        "terraform": TerraformVim,
    }
    assert set(classes) == set(VIM_KINDS)
    able = {kind for kind, each in classes.items() if hasattr(each, "resize") and hasattr(each, "move")}
    assert able == set(HOSTED_KINDS)
