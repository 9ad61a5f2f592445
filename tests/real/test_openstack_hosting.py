"""Servers that are resized or moved by operations, whatever became of who began it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from domain.infrastructure import Infrastructure, Resources
from domain.names import OperationKind
from domain.operation_plans import StepAction
from tests.contract.openstack_site import POP, Tenancy
from tests.real.openstack_pops import administrator, quiet, spec
from tests.unit.planned_world import World, steps

pytestmark = pytest.mark.real
pytest_plugins = ("tests.real.labs", "tests.real.openstack_pops")

LARGE, SMALL = Resources.of(2, 128, 1), Resources.of(1, 128, 1)
PAIR = {
    "api_version": "interlace/v1",
    "kind": "Service",
    "name": "shop",
    "version": "1",
    "components": {
        "web": {
            "kind": "microservice",
            "image": "web:1",
            "instances": 2,
            "resources": {"vcpus": 1, "memory": "128 MiB", "disk": "1 GiB"},
            "connection_points": ["http"],
        }
    },
}


class Left(Exception):
    """Raised by a progress that does not wait any more."""


def leaving_at(word: str) -> Callable[[str], None]:
    """A progress that leaves as soon as it is told of this."""

    def progress(words: str) -> None:
        if word in words:
            raise Left

    return progress


@contextmanager
def running(pop: Tenancy, credential: str) -> Iterator[World]:
    """A service of two servers."""
    vim = {"kind": "openstack", "credential": credential}
    room = {"vcpus": 4, "memory": "4 GiB", "disk": "40 GiB"}
    head = {"api_version": "interlace/v1", "kind": "Infrastructure"}
    known = Infrastructure.model_validate({**head, "pops": {POP: {"vim": vim, "capacity": room}}})
    found = World(pop.home, PAIR, known=known)
    found.operate(OperationKind.INSTANTIATE)
    yield found
    found.catalogue.close()


@pytest.fixture
def world(pop: Tenancy) -> Iterator[World]:
    """With the tenant's own credential."""
    with running(pop, pop.credential) as found:
        yield found


def hosts(pop: Tenancy) -> dict[str, str]:
    """Instance -> the host that it is on."""
    found: Any = pop.admin.compute.servers(all_projects=True, project_id=pop.project)
    return {each.metadata["interlace.instance"]: each.compute_host for each in found}


def servers(pop: Tenancy) -> dict[str, tuple[str, int]]:
    """Instance -> status and vcpus, as Nova has them."""
    found: Any = pop.admin.compute.servers(all_projects=True, project_id=pop.project)
    return {each.metadata["interlace.instance"]: (each.status, each.flavor["vcpus"]) for each in found}


@pytest.mark.parametrize("aim", [LARGE, SMALL])
def test_a_resize_that_was_cut_is_taken_up_and_goes_either_way(pop: Tenancy, aim: Resources) -> None:
    vim = pop.open()
    made = vim.create(spec(), quiet)
    with pytest.raises(Left):
        vim.resize("shop-web-1", LARGE, leaving_at("RESIZE"))
    vim.resize("shop-web-1", aim, quiet)
    assert servers(pop) == {"web-1": ("ACTIVE", aim.vcpus)}
    assert vim.create(spec(resources=aim), quiet) == made.model_copy(update={"resources": aim})
    assert vim.capacity()[1] == aim


def test_a_scale_in_place_resizes_and_an_undo_resizes_back(pop: Tenancy, world: World) -> None:
    flavour = {"vcpus": 2, "memory": "128 MiB", "disk": "1 GiB"}
    wish: dict[str, Any] = {"component": "web", "resources": flavour, "in_place": True}
    held = world.begin(OperationKind.SCALE)
    brief = world.make(world.order(OperationKind.SCALE, held, **wish))
    first, _ = steps(brief.waves, StepAction.RESIZE)
    assert [len(wave.steps) for wave in brief.waves] == [1, 1]
    world.do(held, brief.plan_id, first)
    assert servers(pop) == {"web-1": ("ACTIVE", 2), "web-2": ("ACTIVE", 1)}
    world.undo(held, brief.plan_id)
    assert servers(pop) == {"web-1": ("ACTIVE", 1), "web-2": ("ACTIVE", 1)}
    assert world.differences(POP) == ()
    world.finish(held)
    world.operate(OperationKind.SCALE, **wish)
    assert servers(pop) == {"web-1": ("ACTIVE", 2), "web-2": ("ACTIVE", 2)}
    assert world.differences(POP) == ()


def test_a_move_that_the_credential_may_not_is_told_so(pop: Tenancy, world: World) -> None:
    held = world.begin(OperationKind.MIGRATE)
    brief = world.make(world.order(OperationKind.MIGRATE, held, rehost=["web"]))
    with pytest.raises(ApplicationError, match=rf"move of instance .*web-1.*credential '{pop.credential}'"):
        world.do(held, brief.plan_id, steps(brief.waves, StepAction.REHOST)[0])
    assert world.undo(held, brief.plan_id).brief.waves == ()
    assert world.differences(POP) == ()


@pytest.mark.parametrize("cold", [False, True])
def test_a_component_moves_to_other_hosts_and_nothing_else_changes(pop: Tenancy, cold: bool) -> None:
    with running(pop, administrator(pop)) as world:
        before = hosts(pop)
        world.operate(OperationKind.MIGRATE, rehost=["web"], cold=cold)
        now = hosts(pop)
        assert now.keys() == before.keys() and all(now[name] != before[name] for name in before)
        assert servers(pop) == {"web-1": ("ACTIVE", 1), "web-2": ("ACTIVE", 1)}
        assert world.differences(POP) == ()
