"""A plan that is shown tells what VIMs that can tell would change; one that is carried out does not ask."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from adaptors.vim import registry
from adaptors.vim.modelled.vim import ModelledVim, open_modelled
from adaptors.vim.port import PreviewingVim, Progress
from domain import names
from domain.errors import VimRefusedError, VimUnavailableError
from domain.instances import InstanceSpec, PopAccess
from domain.operation_plans import OperationPlan, VimChange
from tests.workflows.lab import Lab, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLOUDY = infrastructure().replace("kind: modelled", "kind: terraform")


class Telling:
    """A modelled VIM that tells what it would change."""

    def __init__(
        self, vim: ModelledVim, pop: str, asked: list[InstanceSpec], wrong: dict[str, Exception]
    ) -> None:
        self._vim = vim
        self._pop = pop
        self._asked = asked
        self._wrong = wrong

    def __getattr__(self, name: str) -> object:
        return getattr(self._vim, name)

    def preview(
        self, wanted: Sequence[InstanceSpec], unwanted: Sequence[str], progress: Progress
    ) -> tuple[VimChange, ...]:
        self._asked.extend(wanted)
        progress("planning")
        if self._pop in self._wrong:
            raise self._wrong[self._pop]
        made = [(spec.tags["component"], f"server.{spec.name}", "create") for spec in wanted]
        gone = [(name.split("-")[1], f"server.{name}", "delete") for name in unwanted]
        return tuple(
            VimChange(pop=self._pop, component=component, address=address, action=action)
            for component, address, action in (*made, *gone)
        )


@pytest.fixture
def wrong() -> dict[str, Exception]:
    """PoP -> what its VIM says instead."""
    return {}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Exception]) -> Iterator[list[InstanceSpec]]:
    """What VIMs of kind terraform were asked to preview: they are modelled here."""
    found: list[InstanceSpec] = []

    def opened(access: PopAccess, home: Path) -> Telling:
        return Telling(open_modelled(access, home), access.name, found, wrong)

    monkeypatch.setitem(registry._OPENERS, "terraform", opened)
    yield found


async def planned(lab: Lab, kind: str, **fields: object) -> OperationPlan:
    brief = await lab.plan(kind, "s1", **fields)
    plan = lab.catalogue.plans.get(brief.plan_id).plan
    assert plan.notes == brief.notes
    return plan


def told(plan: OperationPlan) -> set[tuple[str, str, str]]:
    return {(each.pop, each.component, each.action) for each in plan.vim_changes}


@pytest.mark.parametrize("idle", [CLOUDY], indirect=True)
async def test_what_is_built_and_deleted_is_told(asked: list[InstanceSpec], lab: Lab) -> None:
    plan = await planned(lab, "Instantiate", descriptor="shop")
    assert plan.after is not None
    placed = {(each.pop, each.component, "create") for each in plan.after.instances}
    assert told(plan) == placed
    assert {each.address for each in plan.vim_changes} == {
        f"server.{name}" for name in plan.after.resources.values()
    }
    (web, _) = [spec for spec in asked if spec.tags["component"] == "web"]
    assert web.environment == {"DATABASE_HOST": "(known after apply)"}
    assert lab.state() == lab.before


@pytest.mark.parametrize("idle", [CLOUDY], indirect=True)
async def test_addresses_that_are_known_are_told(asked: list[InstanceSpec], lab: Lab) -> None:
    await (await lab.start("s1")).result()
    assert asked == []
    plan = await planned(lab, "Scale", component="web", by=1)
    (spec,) = asked
    database = next(row for row in lab.world().values() if row.tags["instance"] == "database-1")
    assert spec.environment == {"DATABASE_HOST": database.address}
    assert {each.action for each in plan.vim_changes} == {"create"}
    everything = await planned(lab, "Terminate")
    assert len(everything.vim_changes) == 5 and {each.action for each in everything.vim_changes} == {"delete"}
    await (await lab.operate("Scale", "s1", plan=plan.plan_id)).result()
    lab.whole("s1")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            VimUnavailableError("PoP x: it is locked"),
            "terraform's own plan could not be had: PoP x: it is locked",
        ),
        (
            VimRefusedError("PoP x: bad module"),
            "terraform refuses to plan this, and so may the operation fail: PoP x: bad",
        ),
    ],
)
@pytest.mark.parametrize("idle", [CLOUDY], indirect=True)
async def test_that_one_cannot_tell_is_noted(
    asked: list[InstanceSpec], wrong: dict[str, Exception], lab: Lab, error: Exception, words: str
) -> None:
    wrong["north"] = error
    plan = await planned(lab, "Instantiate", descriptor="shop")
    assert [note for note in plan.notes if f"north: {words}" in note]
    assert plan.after is not None
    elsewhere = {each.pop for each in plan.after.instances} - {"north"}
    assert {each.pop for each in plan.vim_changes} == elsewhere
    assert asked


@pytest.mark.parametrize("idle", [CLOUDY], indirect=True)
async def test_that_nobody_serves_the_vim_is_noted_too(asked: list[InstanceSpec], idle: Lab) -> None:
    queues = [queue for queue in names.TASK_QUEUES if queue != names.vim_queue("terraform")]
    async with idle.workers(queues):
        brief = await idle.plan("Instantiate", "s1", descriptor="shop")
    assert [
        n
        for n in brief.notes
        if n.startswith("the terraform VIMs' own plan could not be had: no answer in time")
    ]
    assert not asked


@pytest.mark.parametrize("idle", [CLOUDY], indirect=True)
async def test_an_operation_does_not_ask(asked: list[InstanceSpec], lab: Lab) -> None:
    await (await lab.start("s1")).result()
    await (await lab.operate("Scale", "s1", component="web", by=1)).result()
    assert not asked


async def test_who_can_is_told_by_its_port(asked: list[InstanceSpec], lab: Lab) -> None:
    access = lab.catalogue.infrastructure.get().pops["north"]
    opened = PopAccess(name="north", capacity=access.capacity)
    assert isinstance(registry.open_vim("terraform", opened, lab.home), PreviewingVim)
    assert not isinstance(registry.open_vim("modelled", opened, lab.home), PreviewingVim)
