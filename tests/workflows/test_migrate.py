"""Migrate: to named PoPs, away from one, or to where it is cheaper."""

import pytest

from tests.workflows.lab import Lab, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

TIGHT = infrastructure(vcpus=(8, 1, 1, 8))


async def test_a_component_moves(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    was = lab.running("s1")
    there = "south" if was["firewall-1"] == "north" else "north"
    await (await lab.operate("Migrate", "s1", moves={"firewall": there})).result()
    lab.whole("s1")
    assert lab.running("s1") == {**was, "firewall-1": there}


async def test_one_instance_moves(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    was = lab.running("s1")
    (free,) = {"north", "south", "west", "east"} - {was["web-1"], was["web-2"]} - {"east"} or {"east"}
    await (await lab.operate("Migrate", "s1", moves={"web-2": free})).result()
    lab.whole("s1")
    assert lab.running("s1") == {**was, "web-2": free}


async def test_a_pop_is_evacuated(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    pop = lab.running("s1")["database-1"]
    await (await lab.operate("Migrate", "s1", evacuate=pop)).result()
    lab.whole("s1")
    assert pop not in lab.running("s1").values()


async def test_a_component_leaves_the_pops_where_it_is(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    was = lab.running("s1")
    brief = await lab.plan("Migrate", "s1", leave=["database"])
    assert lab.running("s1") == was
    await (await lab.operate("Migrate", "s1", plan=brief.plan_id)).result()
    lab.whole("s1")
    now = lab.running("s1")
    assert now["database-1"] != was["database-1"]
    assert {name: pop for name, pop in now.items() if name != "database-1"} == {
        name: pop for name, pop in was.items() if name != "database-1"
    }


async def test_to_where_it_is_cheaper_now(lab: Lab) -> None:
    await (await lab.start("s1", "pair")).result()
    assert set(lab.running("s1").values()) == {"north"}
    dear = infrastructure().replace("vcpu_hour: 0.01", "vcpu_hour: 0.9")
    lab.apply(dear)
    await (await lab.operate("Migrate", "s1", optimise=True)).result()
    lab.whole("s1")
    assert set(lab.running("s1").values()) == {"south"}


async def test_a_move_that_does_not_pay_is_not_made(lab: Lab) -> None:
    await (await lab.start("s1", "pair")).result()
    lab.apply(infrastructure().replace("vcpu_hour: 0.01", "vcpu_hour: 0.9"))
    was = {key: row.external_id for key, row in lab.world().items()}
    handle = await lab.operate("Migrate", "s1", optimise=True, move_cost_per_hour=5)
    message = await failure(handle)
    assert "nothing" in message
    assert {key: row.external_id for key, row in lab.world().items()} == was


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ({"firewall": "west"}, "dpdk"),
        ({"firewall": "wets"}, "did you mean"),
        ({"fire": "south"}, "firewall"),
    ],
)
async def test_refusals_change_nothing(lab: Lab, moves: dict[str, str], words: str) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    message = await failure(await lab.operate("Migrate", "s1", moves=moves))
    assert words in message
    assert lab.state() == state


async def test_a_component_that_may_be_nowhere_else_stays(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    other = "south" if lab.running("s1")["firewall-1"] == "north" else "north"
    rows = infrastructure().splitlines()
    plain = [row.replace("[dpdk]", "[plain]") if row.startswith(f"  {other}:") else row for row in rows]
    lab.apply("\n".join(plain))
    state = lab.state()
    message = await failure(await lab.operate("Migrate", "s1", leave=["firewall"]))
    assert "firewall-1 cannot leave" in message and "it needs dpdk" in message
    assert lab.state() == state


async def test_to_where_it_is(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    here = lab.running("s1")["database-1"]
    assert "already" in await failure(await lab.operate("Migrate", "s1", moves={"database": here}))


@pytest.mark.parametrize("idle", [TIGHT], indirect=True)
async def test_a_pop_without_room(lab: Lab) -> None:
    await (await lab.start("s1", "pair")).result()
    message = await failure(await lab.operate("Migrate", "s1", moves={"left": "west", "right": "west"}))
    assert "west" in message and "vcpu" in message
    lab.whole("s1")


async def test_a_failure_leaves_everything_where_it_was(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    lab.fault(kind="permanent", operation="create", component="database", message="no disk")
    pop = lab.running("s1")["database-1"]
    assert "no disk" in await failure(await lab.operate("Migrate", "s1", evacuate=pop))
    assert lab.state() == state
    lab.whole("s1")
