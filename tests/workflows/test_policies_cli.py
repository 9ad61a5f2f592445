"""`interlace policies` and `alarms` beside a Temporal: real watches, schedules and workers."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from catalogue.documents import read_descriptor
from domain import names
from domain.watching import Pause
from tests.forked import FORKS
from tests.workflows.lab import Lab, eventually

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

TINY = """
api_version: interlace/v1
kind: Service
name: tiny
version: "1"
endpoints:
  users: {pop: north}
components:
  web:
    kind: microservice
    image: web:1
    instances: 2
    scaling: {min: 1, max: 3}
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [http]
links:
  access: {between: [users, web.http], bandwidth: 1 Mbit/s}
chains:
  browsing: {classifier: {protocol: tcp, port: 80}, path: [users, web.http]}
policies:
  interval: 1 s
  scaling:
    - component: web
      name: more
      metric: chain("browsing").latency_ms
      scale_out_above: -1  # as it always is
      scale_in_below: -2
      sustained: 1 s
      cooldown: 1 s
    - component: web
      name: morning
      kind: schedule
      cron: 0 8 * * *
      time_zone: Europe/Berlin
      instances: 2
  healing:
    - {component: web, action: restart}
"""


class Shell:
    """Runs commands on the lab's state directory, beside its workers."""

    def __init__(self, lab: Lab) -> None:
        lab.catalogue.descriptors.onboard(read_descriptor(TINY.encode(), "test"))
        address = lab.client.service_client.config.target_host
        self._environment = {"INTERLACE_HOME": str(lab.home), "TEMPORAL_ADDRESS": address}

    async def __call__(self, *words: str, code: int = 0) -> str:
        path = {"PATH": "/usr/bin:/bin", "TEMPORAL_CONFIG_FILE": "/nonexistent"}
        done = await asyncio.to_thread(FORKS.run, [*words], {**self._environment, **path})
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    async def json(self, *words: str) -> Any:
        return json.loads(await self(*words, "--json"))

    async def until(self, true: Callable[[Any], Any], *words: str) -> Any:
        """What the command prints once that is so."""

        async def found() -> Any:
            printed = await self.json(*words)
            return printed if true(printed) else None

        return await eventually(found, " ".join(words))


def pause_from_the_start(lab: Lab, service: str) -> bool:
    """While its Instantiate is under way."""
    if lab.service(service) is None:
        return False
    now = datetime.now(UTC)
    pause = Pause(service=service, since=now, until=now + timedelta(hours=1), reason="a load test")
    lab.catalogue.pauses.set(pause)
    return True


def wanted(found: Any, policy: str) -> int | None:
    """How many instances a policy wanted at the last look."""
    wishes = {each["policy"]: each["wanted"] for each in found["watch"]["findings"]}
    number: int | None = wishes.get(policy)
    return number


async def test_a_person_holds_policies_back_and_lets_them_go(lab: Lab) -> None:
    shell = Shell(lab)
    handle = await lab.start("shop", "tiny")
    await eventually(lambda: pause_from_the_start(lab, "shop"), "the service is there")
    await handle.result()

    found = await shell.until(lambda each: wanted(each, "more") == 3, "policies", "shop")
    assert found["watch"]["runs"] is True and found["interval_s"] == 1
    assert found["pause"]["reason"] == "a load test" and found["decisions"] == []
    [morning] = found["schedules"]
    berlin = datetime.fromisoformat(morning["at"]).astimezone(ZoneInfo("Europe/Berlin"))
    assert (morning["by"], berlin.hour, berlin.minute) == ("temporal", 8, 0)
    [brief] = await shell.until(lambda all_: all_ and all_[0]["watched"], "policies")
    assert (brief["service"], brief["policies"], brief["paused_until"] is None) == ("shop", 3, False)

    assert "go on" in await shell("policies", "resume", "shop")
    await shell.until(lambda each: each and each[0]["outcome"] == "done", "policies", "history", "shop")
    shown = await shell("policies", "shop")
    assert "\ninstances  web: 3 (from 1 to 3)\n" in shown and "web: 2 to 3 instances" in shown
    wrong = await shell.until(lambda all_: "at-limit" in {e["kind"] for e in all_}, "alarms", "shop")
    assert ("more", "major") in {(each["subject"], each["severity"]) for each in wrong}
    await shell("alarms", "--fail", code=1)

    await (await lab.start_terminate("shop")).result()
    assert await shell.json("alarms") == [] and await shell.json("policies") == []
    assert (await shell.json("policies", "history", "shop"))[-1]["outcome"] == "done"
    assert "no service 'shop'" in await shell("policies", "shop", "--json", code=2)


async def test_a_schedule_that_is_paused_in_temporal_says_so(lab: Lab) -> None:
    shell = Shell(lab)
    handle = await lab.start("shop", "tiny")
    await eventually(lambda: pause_from_the_start(lab, "shop"), "the service is there")
    await handle.result()
    schedule = lab.client.get_schedule_handle(names.schedule_id("shop", "morning"))
    await schedule.pause(note="holidays")
    assert "\nnext       morning is paused in Temporal: holidays\n" in await shell("policies", "shop")
    await schedule.unpause()
    [morning] = (await shell.json("policies", "shop"))["schedules"]
    assert morning["paused"] is None and morning["at"] is not None
    await schedule.delete()
    assert "(by its cron: Temporal has no such schedule)\n" in await shell("policies", "shop")
    await lab.client.get_workflow_handle(names.watch_workflow_id("shop")).terminate("by hand")
    found = await shell.until(lambda each: not each["watch"]["runs"], "policies", "shop")
    assert found["watch"]["said"] == "its workflow watch/shop is TERMINATED"
    await (await lab.start_terminate("shop")).result()


async def test_a_watch_that_no_worker_serves_says_so(idle: Lab) -> None:
    shell = Shell(idle)
    async with idle.workers([each for each in names.TASK_QUEUES if each != names.MONITORING_QUEUE]):
        await (await idle.start("shop", "tiny")).result()
        found = await shell.until(lambda each: each["watch"]["said"], "policies", "shop")
        assert found["watch"]["said"] == "no worker has taken it yet (task queue monitoring)"
        assert found["watch"]["runs"] is True and found["watch"]["looked_at"] is None
        await (await idle.start_terminate("shop")).result()
        await idle.end_all()
