"""Terraform's own plan is shown with a plan of ours: by the real one, over the lab's cloud."""

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from activities.previewing import PreviewingActivities
from domain.infrastructure import Infrastructure
from domain.names import OperationKind
from domain.operation_plans import OperationPlan
from domain.steering import PreviewOrder
from tests.contract.terraform_site import IMAGE, TerraformSite
from tests.unit.planned_world import SHOP, World

pytestmark = pytest.mark.real


@pytest.fixture
def site(tmp_path: Path) -> TerraformSite:
    return TerraformSite(tmp_path)


@pytest.fixture
def world(site: TerraformSite) -> Iterator[World]:
    document = deepcopy(SHOP)
    for component in document["components"].values():
        component["image"] = IMAGE
    found = World(site.home, document, known=infrastructure(site))
    yield found
    found.catalogue.close()


def infrastructure(site: TerraformSite, **settings: Any) -> Infrastructure:
    vim = {"kind": "terraform", "settings": {**site.lab.pop_settings(), **settings}}
    pop = {"vim": vim, "capacity": {"vcpus": 8, "memory": "64 GiB", "disk": "100 GiB"}}
    head = {"api_version": "interlace/v1", "kind": "Infrastructure"}
    return Infrastructure.model_validate({**head, "pops": {"paris": pop}})


def shown(world: World, kind: OperationKind, **request: Any) -> OperationPlan:
    """A plan that is made to be shown."""
    brief = world.make(world.order(kind, **request))
    asking = PreviewingActivities(world.catalogue, world.pops, "terraform")
    notes = world.run(asking.preview, PreviewOrder(plan_id=brief.plan_id)).notes
    plan = world.plan(brief)
    assert plan.notes == (*brief.notes, *notes)
    return plan


def test_all_that_terraform_would_change_is_told_and_nothing_stays(site: TerraformSite, world: World) -> None:
    plan = shown(world, OperationKind.INSTANTIATE)
    assert plan.after is not None
    assert {(each.pop, each.component, each.action, each.address) for each in plan.vim_changes} == {
        ("paris", each.component, "create", f'module.pop.lab_server.instance["{each.resource}"]')
        for each in plan.after.instances
    }
    assert not site.cloud.servers()
    assert [path.name for path in (site.home / "terraform" / "paris").iterdir()] == [".locks"]
    world.operate(OperationKind.INSTANTIATE)
    before = {server["name"] for server in site.cloud.servers()}
    plan = shown(world, OperationKind.SCALE, component="web", by=-1)
    assert plan.before is not None
    (change,) = plan.vim_changes
    gone = plan.before.resources["web-2"]
    assert (change.action, change.address) == ("delete", f'module.pop.lab_server.instance["{gone}"]')
    assert {server["name"] for server in site.cloud.servers()} == before
    assert not list((site.home / "terraform" / "paris").glob("*/preview*"))
    world.operate(OperationKind.SCALE, component="web", by=-1)
    assert {server["name"] for server in site.cloud.servers()} == before - {gone}


def test_a_module_that_terraform_refuses_is_told_in_its_words(site: TerraformSite, world: World) -> None:
    module = site.home / "broken"
    module.mkdir()
    (module / "main.tf").write_text(
        'variable "instances" {}\noutput "instances" {\n  value = local.nowhere\n}\n'
    )
    world.catalogue.infrastructure.apply(infrastructure(site, module=str(module), variables={}))
    plan = shown(world, OperationKind.INSTANTIATE)
    assert plan.vim_changes == ()
    (note,) = plan.notes
    assert note.startswith("paris: terraform refuses to plan this, and so may the operation fail: PoP paris:")
    assert "undeclared" in note and "main.tf" in note
