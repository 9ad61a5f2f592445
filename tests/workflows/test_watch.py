"""Watch: policies act on a running service as a person would, whatever dies meanwhile."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from catalogue.documents import read_descriptor
from domain import names
from domain.requests import Nothing
from domain.watching import AlarmKind, Decision, Pause, WatchRequest
from interfaces.cli.watches import mend_watches, unwatched
from tests.workflows.lab import QUICK, SHOP, Lab, eventually, infrastructure
from tests.workflows.metering import Meters, metering
from tests.workflows.test_heal import crash
from tests.workflows.test_recovery import scheduled

pytestmark = pytest.mark.asyncio(loop_scope="session")

CPU = {"component": "web", "metric": "cpu", "scale_out_above": 0.8, "scale_in_below": 0.2, "sustained": "1 s"}
PROMPT = {"cooldown": "1 s", "cooldown_in": "1 s"}
NIGHTLY = {"component": "web", "kind": "schedule", "cron": "0 3 * * *", "instances": 4, "hold": "1 h"}


class Watching:
    """A lab whose services have policies, and what is measured of them."""

    def __init__(self, lab: Lab, meters: Meters) -> None:
        self.lab, self.meters = lab, meters

    def onboard(self, version: str, **policies: Any) -> None:
        """A version of the shop with these policies, looked at each second."""
        written = json.dumps({"interval": "1 s", **policies}) if policies else "{}"
        text = f"{SHOP}\npolicies: {written}\n".replace("version: 1.0.0", f"version: {version}")
        self.lab.catalogue.descriptors.onboard(read_descriptor(text.encode(), "test"))

    async def begin(self, service: str = "s1", **policies: Any) -> None:
        """Instantiate a service with these policies."""
        self.onboard("2.0.0", **policies)
        await (await self.lab.start(service, version="2.0.0")).result()

    def web(self, service: str = "s1") -> int:
        deployment = self.lab.catalogue.services.deployment(service)
        return sum(each.component == "web" for each in deployment.instances) if deployment else 0

    def decisions(self, service: str = "s1") -> list[Decision]:
        """The oldest first."""
        return list(reversed(self.lab.catalogue.decisions.list(service)))

    async def done(self, number: int, service: str = "s1") -> list[Decision]:
        """So many decisions, when all of them are over."""

        def found() -> list[Decision] | None:
            made = self.decisions(service)
            over = all(each.outcome not in ("under way", "busy") for each in made)
            return made if len(made) >= number and over else None

        decided: list[Decision] = await eventually(found, f"{number} decisions that are over")
        return decided

    def alarms(self, service: str = "s1") -> set[tuple[AlarmKind, str]]:
        return {(each.kind, each.subject) for each in self.lab.catalogue.alarms.list(service)}

    async def is_watched(self, service: str) -> bool:
        handle = self.lab.client.get_workflow_handle(names.watch_workflow_id(service))
        try:
            return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING
        except RPCError as error:
            assert error.status is RPCStatusCode.NOT_FOUND
            return False

    async def priority(self, service: str = "s1") -> int:
        """That of the last call of the service's last operation."""
        handle = self.lab.client.get_workflow_handle(names.service_workflow_id(service))
        return (await scheduled(handle))[-1].priority.priority_key

    async def schedules(self) -> set[str]:
        return {each.id async for each in await self.lab.client.list_schedules()}


@pytest_asyncio.fixture(loop_scope="session")
async def unserved(idle: Lab) -> AsyncIterator[Watching]:
    """Without workers."""
    with metering(idle.catalogue) as (url, meters):
        idle.settings = replace(idle.settings, metrics_source=url)
        yield Watching(idle, meters)
        async for each in await idle.client.list_schedules():
            await idle.client.get_schedule_handle(each.id).delete()


@pytest_asyncio.fixture(loop_scope="session")
async def watching(unserved: Watching) -> AsyncIterator[Watching]:
    async with unserved.lab.workers():
        yield unserved
        await unserved.lab.end_all()


async def test_more_load_means_more_instances_and_less_load_fewer(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT}])
    assert watching.web() == 2
    watching.meters.cpu["web"] = 0.9
    await eventually(lambda: watching.web() == 4, "as many as are allowed")
    watching.meters.cpu["web"] = 0.1
    await eventually(lambda: watching.web() == 1, "as few as are allowed")
    decisions = await watching.done(5)
    assert [each.what for each in decisions] == [
        f"web: {old} to {new} instances" for old, new in ((2, 3), (3, 4), (4, 3), (3, 2), (2, 1))
    ]
    assert {(each.outcome, each.policy) for each in decisions} == {("done", "web-threshold")}
    assert all(each.operation_id and each.ended_at for each in decisions)
    watching.lab.whole("s1")


async def test_what_a_policy_begins_goes_after_what_people_ask_for(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT}])
    asked = await watching.priority()
    watching.meters.cpu["web"] = 0.9
    await watching.done(1)
    assert await watching.priority() == asked + 1


async def test_what_is_ill_is_built_anew(watching: Watching) -> None:
    await watching.begin(healing=[{"component": "database", "action": "restart", "unhealthy_for": "1 s"}])
    crash(watching.lab, "database-1")
    watching.meters.ill["database-1"] = "kernel panic"
    await eventually(lambda: (AlarmKind.ILL, "database-1") in watching.alarms(), "an alarm")
    await eventually(lambda: watching.decisions(), "a decision")
    watching.meters.ill.clear()
    (decision,) = await watching.done(1)
    assert (decision.kind, decision.outcome) == (names.OperationKind.HEAL, "done")
    assert "kernel panic" in decision.reason
    assert await watching.priority() == 3, "somebody waits for the service"
    await eventually(lambda: not watching.alarms(), "no alarm any more")
    watching.lab.whole("s1")


async def test_a_component_leaves_where_it_is_not_well(watching: Watching) -> None:
    bad = {"component": "database", "metric": "cpu", "above": 0.8, "sustained": "1 s", "cooldown": "1 h"}
    await watching.begin(migration=[bad])
    was = watching.lab.running("s1")["database-1"]
    watching.meters.cpu["database"] = 0.9
    (decision,) = await watching.done(1)
    assert (decision.kind, decision.outcome) == (names.OperationKind.MIGRATE, "done")
    assert decision.what == f"database leaves {was}"
    assert watching.lab.running("s1")["database-1"] != was
    watching.lab.whole("s1")


async def test_without_figures_nothing_is_done_and_that_is_told(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT}])
    watching.meters.cpu["web"] = 0.9
    watching.meters.away = True
    no_data = (AlarmKind.NO_DATA, "web-threshold")
    await eventually(lambda: no_data in watching.alarms(), "an alarm that there are no figures")
    before = watching.web()
    asked = watching.meters.asked
    await eventually(lambda: watching.meters.asked > asked + 6, "some more looks")
    assert watching.web() == before
    watching.meters.away = False
    await eventually(lambda: watching.web() == 4, "figures are back, and count")
    assert no_data not in watching.alarms()


async def test_a_pause_holds_and_ends(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT}])
    now = datetime.now(UTC)
    watching.lab.catalogue.pauses.set(Pause(service="s1", until=now + timedelta(hours=1), since=now))
    await asyncio.sleep(1.5)  # what was read before it
    before = watching.web()
    watching.meters.cpu["web"] = 0.9
    asked = watching.meters.asked
    await eventually(lambda: watching.meters.asked > asked + 5, "some looks")
    assert watching.web() == before
    watching.lab.catalogue.pauses.remove("s1")
    await eventually(lambda: watching.web() == 4, "it goes on")


async def test_while_another_operation_runs_it_waits_and_says_so(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT, "step_out": 2}])
    watching.lab.fault(kind="temporary", operation="create", message="busy")
    person = await watching.lab.operate(
        "Scale", "s1", component="firewall", resources={"vcpus": 2, "memory": "1 GiB"}
    )
    watching.meters.cpu["web"] = 0.9
    await eventually(lambda: [e for e in watching.decisions() if e.outcome == "busy"], "it is told")
    watching.lab.clear()
    await person.result()
    (decision,) = await watching.done(1)
    assert (decision.outcome, watching.web()) == ("done", 4)


async def test_what_fails_is_an_alarm_until_it_is_done(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, "cooldown": "3 s", "cooldown_in": "1 h", "step_out": 2}])
    watching.lab.fault(kind="permanent", operation="create", message="no licence")
    watching.meters.cpu["web"] = 0.9
    failed = (AlarmKind.OPERATION_FAILED, "web-threshold")
    await eventually(lambda: failed in watching.alarms(), "an alarm")
    assert (first := watching.decisions()[0]).outcome == "failed" and "no licence" in first.told
    assert watching.web() == 2
    watching.lab.clear()
    await eventually(lambda: watching.web() == 4, "it is tried again after its cooldown")
    await eventually(lambda: failed not in watching.alarms(), "and that is over")


async def test_workers_that_end_lose_and_double_nothing(unserved: Watching) -> None:
    watching = unserved
    async with watching.lab.workers():
        await watching.begin(scaling=[{**CPU, **PROMPT, "sustained": "4 s", "step_out": 2}])
        watching.meters.cpu["web"] = 0.9
        asked = watching.meters.asked
        await eventually(lambda: watching.meters.asked > asked + 2, "it has been high for a while")
    async with watching.lab.workers():
        await eventually(lambda: watching.web() == 4, "the others go on")
        assert len(await watching.done(1)) == 1
        await watching.lab.end_all()


async def test_a_new_version_may_bring_policies_and_take_them_away(watching: Watching) -> None:
    await (await watching.lab.start("s1")).result()
    assert not await watching.is_watched("s1")
    watching.onboard("2.0.0", scaling=[{**CPU, **PROMPT}, NIGHTLY])
    await (await watching.lab.operate("Update", "s1", version="2.0.0")).result()
    assert await watching.is_watched("s1")
    await eventually(lambda: watching.schedules(), "a schedule")
    assert await watching.schedules() == {"scale/s1/web-schedule"}
    watching.onboard("3.0.0")
    await (await watching.lab.operate("Update", "s1", version="3.0.0")).result()
    await _unwatched(watching, "s1")
    await _no_schedules(watching)


async def test_a_terminated_service_is_neither_watched_nor_scheduled(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT}, NIGHTLY])
    watching.meters.cpu["web"] = 0.9
    await eventually(lambda: watching.decisions(), "its loop acts")
    await _terminated(watching)
    assert watching.lab.service("s1") is None and not watching.lab.world()
    await _unwatched(watching, "s1")
    await _no_schedules(watching)
    assert not watching.alarms()
    assert all(each.outcome in ("done", "failed") for each in watching.decisions())


async def test_a_schedule_scales_and_holds(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT}, NIGHTLY])
    handle = watching.lab.client.get_schedule_handle("scale/s1/web-schedule")
    spec = (await handle.describe()).schedule.spec
    assert spec.time_zone_name == "UTC"
    watching.meters.cpu["web"] = 0.5
    await handle.trigger()
    await eventually(lambda: watching.web() == 4, "the number that it says")
    watching.meters.cpu["web"] = 0.1
    asked = watching.meters.asked
    await eventually(lambda: watching.meters.asked > asked + 5, "some looks")
    assert watching.web() == 4, "which nobody goes below for an hour"
    assert (await watching.done(1))[0].policy == "web-schedule"


async def test_a_schedule_that_cannot_in_its_window_says_that_it_skipped(watching: Watching) -> None:
    at_once = {key: value for key, value in NIGHTLY.items() if key != "hold"}
    await watching.begin(scaling=[{**at_once, "window": "3 s"}])
    now = datetime.now(UTC)
    pause = Pause(service="s1", until=now + timedelta(hours=1), since=now, reason="sale")
    watching.lab.catalogue.pauses.set(pause)
    await asyncio.sleep(1.5)
    await watching.lab.client.get_schedule_handle("scale/s1/web-schedule").trigger()
    (decision,) = await watching.done(1)
    assert decision.outcome == "skipped" and "policies are paused until" in decision.told
    await eventually(lambda: (AlarmKind.SKIPPED, "web-schedule") in watching.alarms(), "said aloud")
    assert watching.web() == 2


async def test_a_schedule_that_a_person_has_paused_stays_so(watching: Watching) -> None:
    await watching.begin(scaling=[NIGHTLY])
    handle = watching.lab.client.get_schedule_handle("scale/s1/web-schedule")
    await handle.pause(note="on holiday")
    watching.onboard("3.0.0", scaling=[{**NIGHTLY, "instances": 3}])
    await (await watching.lab.operate("Update", "s1", version="3.0.0")).result()
    described = (await handle.describe()).schedule
    assert described.state.paused and described.state.note == "on holiday"


async def test_an_audit_finds_a_watch_that_somebody_ended_and_one_of_no_service(watching: Watching) -> None:
    await watching.begin(scaling=[{**CPU, **PROMPT}, NIGHTLY])
    catalogue, client = watching.lab.catalogue, watching.lab.client
    await eventually(lambda: watching.schedules(), "its schedule is in the list")
    assert await unwatched(catalogue, client) == []
    await client.get_workflow_handle("watch/s1").terminate("by hand")
    await client.get_schedule_handle("scale/s1/web-schedule").delete()
    other = WatchRequest(service="ghost")
    await client.start_workflow(
        names.WATCH, other, id="watch/ghost", task_queue="nobody", result_type=Nothing
    )

    async def found() -> list[tuple[str, str]]:
        return [(each.problem, each.resource) for each in await unwatched(catalogue, client)]

    wrong = [("unwatched", "scale/s1/web-schedule"), ("unwatched", "watch/s1"), ("stray", "watch/ghost")]

    async def all_found() -> bool:
        return await found() == wrong

    await eventually(all_found, "all of them are found")
    said = await mend_watches(catalogue, client, await unwatched(catalogue, client))
    assert said == ["began    s1: watched every 1 s, with a schedule", "removed  watch/ghost (stray)"]
    await client.get_workflow_handle("watch/ghost").terminate("nobody serves it")
    await eventually(lambda: _none(found), "nothing is wrong any more")
    watching.meters.cpu["web"] = 0.9
    await eventually(lambda: watching.web() == 4, "its policies act again")


async def _none(found: Callable[[], Awaitable[list[tuple[str, str]]]]) -> bool:
    return not await found()


async def test_many_that_want_something_at_the_same_second_all_get_it(watching: Watching) -> None:
    watching.lab.apply(infrastructure((64, 64, 64, 64)))
    watching.onboard("2.0.0", scaling=[{**CPU, **PROMPT, "scale_out_above": 0.6}])
    services = [f"s{number}" for number in range(8)]
    watching.meters.cpu["web"] = 0.5
    await asyncio.gather(*(_instantiated(watching, each) for each in services))
    watching.meters.cpu["web"] = 0.9
    await eventually(lambda: all(watching.web(each) == 4 for each in services), "all of them")
    for each in services:
        assert len(await watching.done(2, each)) == 2


async def _instantiated(watching: Watching, service: str) -> None:
    await (await watching.lab.start(service, version="2.0.0")).result()


async def _terminated(watching: Watching) -> None:
    """As a person does who tries again while an operation has the service."""
    while True:
        try:
            return await _once(await watching.lab.start_terminate("s1", patience=QUICK))
        except Exception as busy:
            assert "already" in str(busy).lower()
            await asyncio.sleep(0.2)


async def _once(handle: Any) -> None:
    await handle.result()


async def _unwatched(watching: Watching, service: str) -> None:
    async def over() -> bool:
        return not await watching.is_watched(service)

    await eventually(over, f"{service} is not watched any more")


async def _no_schedules(watching: Watching) -> None:
    async def none() -> bool:
        return not await watching.schedules()

    await eventually(none, "no schedule")
