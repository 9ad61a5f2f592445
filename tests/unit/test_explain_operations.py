"""Operations on a service that runs, for which there is no room."""

import threading
from typing import Any

import pytest

from activities import explaining
from activities.explaining import PlacementRefusedError, explained
from domain.errors import InfeasibleError
from domain.infrastructure import Resources
from domain.names import OperationKind
from placement.solve import place
from placement.topology import Usage
from planning.in_place import to_be_counted
from tests.unit.target_world import HERE, SHOP, Shop, descriptor, usage_of

NOTHING = Resources.of(0, 0, 0)
NINE = Resources.of(9, 8192, 0)


WIDE = SHOP.replace(
    "max: 4}\n    resources: {vcpus: 1, memory: 1 GiB}", "max: 4}\n    resources: {vcpus: 2, memory: 1 GiB}"
)


def taken(shop: Shop, **left: int) -> Usage:
    """Others have all but so many vcpus of each PoP."""
    used = usage_of(shop.running, Usage()).pops
    full = {name: pop.capacity.vcpus - used.get(name, NOTHING).vcpus for name, pop in HERE.pops.items()}
    return Usage(pops={name: Resources.of(full[name] - left.get(name, 0), 0, 0) for name in full})


async def refusal(shop: Shop, others: Usage, kind: OperationKind, **request: Any) -> str:
    """As an operator would read it."""
    aim = shop.target(kind, **request)
    used = usage_of(shop.running, others)
    usage = Usage(pops=to_be_counted(used.pops, aim, shop.running), links=used.links)
    refused = PlacementRefusedError("no room", aim, aim.world(shop.where), usage, shop.running)
    return str(await explained(refused))


@pytest.fixture
def shop() -> Shop:
    return Shop(descriptor())


async def test_a_scale_out_for_which_there_is_no_room(shop: Shop) -> None:
    text = await refusal(shop, taken(shop, west=1), OperationKind.SCALE, component="web", by=2)
    assert text.startswith("no room\n")
    assert "4 instances of web need 1 vcpu and 1 GiB of memory each" in text
    assert "have 3 instead of 4 instances of web" in text
    assert "why-not" not in text


@pytest.mark.parametrize(("beside", "told"), [(1, True), (0, False)])
async def test_another_flavour_is_a_way_out_where_those_that_run_can_be_built_anew(
    beside: int, told: bool
) -> None:
    """All instances of a component have one flavour: those that run need room for old and new together."""
    shop = Shop(descriptor(text=WIDE))
    left = {"west": 1, "east": 1, "north": beside, "south": beside}
    text = await refusal(shop, taken(shop, **left), OperationKind.SCALE, component="web", by=2)
    assert ("give web 1 vcpu instead of 2 vcpus" in text) is told
    assert ("`interlace scale s1 web` takes --vcpus, --memory and --disk too" in text) is told
    smaller = shop.target(OperationKind.SCALE, component="web", by=2, resources=Resources.of(1, 1024, 0))
    usage = usage_of(shop.running, taken(shop, **left))
    if told:
        place(smaller.asked, smaller.world(HERE), usage, standing=smaller.standing)
    else:
        with pytest.raises(InfeasibleError):
            place(smaller.asked, smaller.world(HERE), usage, standing=smaller.standing)


async def test_an_evacuation_that_leads_nowhere(shop: Shop) -> None:
    at = shop.places["firewall-1"]
    other = "south" if at == "north" else "north"
    text = await refusal(shop, taken(shop, **{at: 9}, west=16), OperationKind.MIGRATE, evacuate=at)
    assert f"firewall-1 is kept from {at} by the operation" in text
    assert f"firewall needs 1 vcpu and 1 GiB of memory: {other} has 0 of 16 vcpus free" in text
    assert f"have 1 vcpu more at {other}" in text
    assert "give west dpdk" in text


async def test_an_instance_that_stays_in_the_way(shop: Shop) -> None:
    """A flavour that its PoP has no room for, as the old one runs until the new one does."""
    text = await refusal(
        shop, taken(shop, west=16), OperationKind.SCALE, component="database", resources=NINE
    )
    at = shop.places["database-1"]
    assert f"database-1 is to be on {at}" in text
    assert "database needs 9 vcpus and 8 GiB of memory" in text
    assert f"move database-1 from {at} to west" in text


async def test_what_is_resized_in_place_needs_room_for_what_is_more(shop: Shop) -> None:
    at = shop.places["database-1"]
    wish: dict[str, Any] = {"component": "database", "resources": NINE, "in_place": True}
    text = await refusal(shop, taken(shop, **{at: 5}, west=16), OperationKind.SCALE, **wish)
    assert f"database-1 stays on {at}" in text
    assert f"database needs 9 vcpus and 8 GiB of memory: {at} has 7 of 16 vcpus free" in text
    assert f"move database-1 from {at} to west" in text
    aim = shop.target(OperationKind.SCALE, **wish)
    used = usage_of(shop.running, taken(shop, **{at: 7}))
    counted = Usage(pops=to_be_counted(used.pops, aim, shop.running), links=used.links)
    place(aim.asked, aim.world(HERE), counted, standing=aim.standing)


async def test_many_at_once_are_refused_without_delay(shop: Shop) -> None:
    """While one explanation is worked out, others are told their first reason."""
    others = taken(shop, south=1)
    with explaining._ONE_AT_A_TIME:
        text = await refusal(shop, others, OperationKind.SCALE, component="web", by=2)
    assert text == "no room"
    assert "4 instances of web" in await refusal(shop, others, OperationKind.SCALE, component="web", by=2)


@pytest.mark.parametrize("trouble", [RuntimeError("a bug"), TimeoutError()])
async def test_the_reason_is_told_whatever_becomes_of_the_explanation(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    def fails(*_: object) -> None:
        raise trouble

    monkeypatch.setattr(explaining, "explain", fails)
    others = taken(shop, south=1)
    assert await refusal(shop, others, OperationKind.SCALE, component="web", by=2) == "no room"


async def test_an_explanation_that_hangs_is_left_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(explaining, "explain", lambda *_: go_on.wait(60))
    monkeypatch.setattr(explaining, "_GRACE_S", 0.1 - explaining._TIME_LIMIT_S)
    others = taken(shop, south=1)
    assert await refusal(shop, others, OperationKind.SCALE, component="web", by=2) == "no room"
    go_on.set()
    with explaining._ONE_AT_A_TIME:  # once it has come to its end
        pass
