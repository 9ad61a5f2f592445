"""Places of a service, what stands for them in words, how they are, and where users get in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptors.vim.port import Observation, PortCounters
from catalogue.store import Catalogue
from domain.errors import InputError, UnknownError
from domain.networking import Segment, ServiceNetwork
from interfaces.cli import observing
from interfaces.cli.observations import show_details, show_observed
from interfaces.cli.places import Place, filled, find_place, places
from interfaces.cli.reaching import reaches
from tests.unit.cli_world import FakePops, begin, catalogue_at, end, intend


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Catalogue]:
    found = catalogue_at(tmp_path)
    yield found
    found.close()


def deployed(store: Catalogue, vim_kind: str = "emulator") -> tuple[Place, ...]:
    lease = begin(store)
    for number in (1, 2):
        intend(store, lease, f"web-{number}", f"shop-web-{number}-a", vim_kind)
        store.ledger.created(f"shop-web-{number}-a", "north", "id", f"10.1.0.{number}")
    intend(store, lease, "users", "shop-users-a", vim_kind)
    store.ledger.created("shop-users-a", "north", "id", "10.2.0.1")
    return places(store, "shop")


def test_references_stand_for_outputs_of_components_and_endpoints(store: Catalogue) -> None:
    found = deployed(store)
    words = ["curl", "http://${web.address}/?all=${web.addresses}", "${users.pop}"]
    assert filled(words, found) == ["curl", "http://10.1.0.1/?all=10.1.0.1,10.1.0.2", "north"]


@pytest.mark.parametrize("word", ["${web.port}", "${nobody.address}", "${web}", "${}", "${a.b.c}"])
def test_a_reference_to_nothing_says_what_there_is(store: Catalogue, word: str) -> None:
    with pytest.raises(UnknownError, match="address, addresses, pop of users, web"):
        filled([word], deployed(store))


def test_an_unknown_place_lists_the_places(store: Catalogue) -> None:
    with pytest.raises(UnknownError, match="its places: users, web-1, web-2"):
        find_place(deployed(store), "shop", "web-3")
    with pytest.raises(UnknownError, match="no service 'nobody'"):
        places(store, "nobody")


def test_in_a_model_nothing_runs(store: Catalogue) -> None:
    with pytest.raises(InputError, match="whose VIM is modelled"):
        find_place(deployed(store, "modelled"), "shop", "web-1")


def test_what_a_failed_operation_left_is_a_place_until_a_newer_one_takes_its_name(store: Catalogue) -> None:
    lease = begin(store)
    intend(store, lease, "web-1", "shop-web-1-old", "emulator")
    store.ledger.leave("shop-web-1-old", "north", "stuck")
    assert [each.resource for each in places(store, "shop")] == ["shop-web-1-old"]
    store.services.remove(lease.operation_id, lease.fence, "shop")
    end(store, lease)
    assert [each.resource for each in places(store, "shop")] == ["shop-web-1-old"]
    intend(store, begin(store, operation="op-2"), "web-1", "shop-web-1-new", "emulator")
    assert [each.resource for each in places(store, "shop")] == ["shop-web-1-new"]


def test_one_that_does_not_answer_hides_no_other(
    store: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pops = FakePops(set(), set())
    port = PortCounters(rx_packets=7, rx_bytes=700, tx_packets=8, tx_bytes=800)
    report = {"requests": 3, "backends": {"10.1.0.1": {"status": "UP"}}}
    pops.observations = {
        "shop-web-1-a": Observation(healthy=True, detail="fine", ports={"http": port}, function=report),
        "shop-web-2-a": Observation(healthy=False, detail="its process was ended by signal SIGKILL"),
    }
    monkeypatch.setattr(observing, "Pops", pops)
    found = observing.healths(store, tmp_path, deployed(store))
    assert {name: health.state for name, health in found.items()} == {
        "users": "NO ANSWER",
        "web-1": "healthy",
        "web-2": "UNHEALTHY",
    }
    seen = observing.look_at(store, tmp_path, places(store, "shop"))
    show_observed(seen)
    show_details(seen[1])
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["web-1", "north", "healthy", "0.0", "0.0", "http", "7", "8", "700", "800"]
    assert lines[-3:] == ["  backends", "    10.1.0.1", "      status: UP"]


def segment(chain: str, origin: str, target: str) -> Segment:
    return Segment(
        name=f"{chain}: {origin} > {target}",
        chain=chain,
        origin=origin,
        origin_pop="north",
        origin_address="10.2.0.1",
        target=target,
        target_pop="north",
        target_address="10.1.0.1",
        protocol="tcp",
        port=9,
        rules=(),
        latency_ms=0.0,
    )


def test_users_get_in_where_the_packets_of_an_endpoint_end(store: Catalogue) -> None:
    found = deployed(store)
    segments = (
        segment("browsing", "shop-users-a", "shop-web-1-a"),
        segment("browsing", "shop-web-1-a", "shop-web-2-a"),
        segment("access", "shop-web-2-a", "shop-users-a"),
    )
    lease = store.operations.holder("shop")
    assert lease is not None
    network = ServiceNetwork(name="shop-network-1", service="shop", pops={}, segments=segments)
    store.services.keep_network(lease.operation_id, lease.fence, "shop", network)
    ways = reaches(store, store.services.get("shop"), found)
    assert [str(way) for way in ways] == [
        "from users: 10.1.0.1:80 tcp (web-1, by browsing)",
        "from users: 10.2.0.1 (web-2, by access)",
    ]


def test_a_model_is_reached_by_nobody(store: Catalogue) -> None:
    found = deployed(store, "modelled")
    assert reaches(store, store.services.get("shop"), found) == ()
