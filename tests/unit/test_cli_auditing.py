"""`interlace audit` and `--fix`: differences are found, and nothing that somebody needs is removed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.store import Catalogue
from domain.networking import Ingress, Label, PopNetwork, Rule, ServiceNetwork
from domain.phases import ResourceKind, ServiceState
from interfaces.cli import auditing, emulated, mending
from interfaces.cli.auditing import Report, audit
from interfaces.cli.mending import mend
from tests.unit.cli_world import FakePops, begin, catalogue_at, end, intend

NETWORK = ResourceKind.NETWORK


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Catalogue]:
    found = catalogue_at(tmp_path, "emulator")
    yield found
    found.close()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> FakePops:
    pops = FakePops(set(), set())
    for module in (auditing, mending):
        monkeypatch.setattr(module, "Pops", pops)
    monkeypatch.setattr(emulated, "is_used", lambda *_: False)
    return pops


def problems(report: Report) -> list[tuple[str, str]]:
    return [(finding.problem, finding.resource) for finding in report.findings]


def fixed(store: Catalogue, home: Path, report: Report | None = None) -> list[str]:
    said: list[str] = []
    mend(store, home, report or audit(store, home), said.append)
    return said


def test_what_the_ledger_does_not_know_has_leaked_and_is_deleted(
    store: Catalogue, tmp_path: Path, world: FakePops
) -> None:
    world.instances = {"ghost-web-1-a"}
    world.networks = {"ghost-network-a"}
    assert problems(audit(store, tmp_path)) == [("leaked", "ghost-web-1-a"), ("leaked", "ghost-network-a")]
    said = fixed(store, tmp_path)
    assert said == [
        "removed  ghost-web-1-a on north (leaked)",
        "removed  ghost-network-a on north (leaked)",
    ]
    assert problems(audit(store, tmp_path)) == []


def test_a_vim_that_accepts_deletes_and_does_nothing_is_not_believed(
    store: Catalogue, tmp_path: Path, world: FakePops, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = begin(store)
    intend(store, lease, "web-1", "shop-web-1-a", "emulator")
    store.ledger.leave("shop-web-1-a", "north", "asleep")
    end(store, lease)
    world.instances = {"ghost-web-1-a", "shop-web-1-a"}
    monkeypatch.setattr(world, "delete", lambda *_: None)
    words = "PoP north accepted the delete, but it is still there"
    assert fixed(store, tmp_path) == [
        f"remains  ghost-web-1-a on north (leaked): {words}",
        f"remains  shop-web-1-a on north (left over): {words}",
    ]
    assert [each.resource_name for each in store.ledger.leftovers()] == ["shop-web-1-a"]


def test_what_an_operation_under_way_means_to_make_is_not_leaked(
    store: Catalogue, tmp_path: Path, world: FakePops
) -> None:
    lease = begin(store)
    intend(store, lease, "web-1", "shop-web-1-a", "emulator")
    intend(store, lease, "network", "shop-network-a", "emulator", NETWORK)
    world.instances, world.networks = {"shop-web-1-a"}, {"shop-network-a"}
    assert audit(store, tmp_path).findings == ()


def test_what_became_known_since_the_audit_is_kept(store: Catalogue, tmp_path: Path, world: FakePops) -> None:
    world.instances, world.networks = {"shop-web-1-a"}, {"shop-network-a"}
    outdated = audit(store, tmp_path)
    lease = begin(store)
    intend(store, lease, "web-1", "shop-web-1-a", "emulator")
    intend(store, lease, "network", "shop-network-a", "emulator", NETWORK)
    assert fixed(store, tmp_path, outdated)[:-1] == []
    assert world.instances == {"shop-web-1-a"}
    assert world.networks == {"shop-network-a"}


def test_what_is_lost_is_told_once_no_operation_holds_the_service(
    store: Catalogue, tmp_path: Path, world: FakePops
) -> None:
    lease = begin(store)
    intend(store, lease, "web-1", "shop-web-1-a", "emulator")
    store.ledger.created("shop-web-1-a", "north", "id", "10.0.0.1")
    assert audit(store, tmp_path).findings == ()
    end(store, lease)
    report = audit(store, tmp_path)
    assert problems(report) == [("lost", "shop-web-1-a")]
    assert fixed(store, tmp_path, report) == []
    assert problems(audit(store, tmp_path)) == [("lost", "shop-web-1-a")]


def test_rules_that_an_active_service_lacks_are_lost(
    store: Catalogue, tmp_path: Path, world: FakePops
) -> None:
    label = Label(source_mac="02:00:00:00:00:01", destination_mac="02:00:00:00:00:02")
    ingress = Ingress(destination="10.0.0.1")
    rule = Rule(name="r", in_interface="a", ingress=ingress, label=label, out_interface="b", priority=1)
    lease = begin(store)
    intend(store, lease, "network", "shop-network-a", "emulator", NETWORK)
    store.ledger.created("shop-network-a", "north", None, None)
    part = PopNetwork(pop="north", rules=(rule,))
    network = ServiceNetwork(name="shop-network-1", service="shop", pops={"north": part}, segments=())
    store.services.keep_network(lease.operation_id, lease.fence, "shop", network)
    store.services.restore(lease.operation_id, lease.fence, "shop", ServiceState.ACTIVE)
    end(store, lease)
    assert problems(audit(store, tmp_path)) == [("lost", "shop-network-a")]
    world.networks = {"shop-network-a"}
    assert audit(store, tmp_path).findings == ()


def test_a_leftover_is_tried_once_more(store: Catalogue, tmp_path: Path, world: FakePops) -> None:
    lease = begin(store)
    intend(store, lease, "web-1", "shop-web-1-a", "emulator")
    store.ledger.leave("shop-web-1-a", "north", "the VIM slept")
    end(store, lease)
    world.instances = {"shop-web-1-a"}
    assert problems(audit(store, tmp_path)) == [("leftover", "shop-web-1-a")]
    assert fixed(store, tmp_path) == ["removed  shop-web-1-a on north (left over)"]
    assert world.instances == set()
    assert store.ledger.all() == ()


def test_an_old_networks_leftover_does_not_take_the_new_services_rules(
    store: Catalogue, tmp_path: Path, world: FakePops
) -> None:
    lease = begin(store)
    intend(store, lease, "network", "shop-network-old", "emulator", NETWORK)
    store.ledger.leave("shop-network-old", "north", "the switch slept")
    store.services.remove(lease.operation_id, lease.fence, "shop")
    end(store, lease)
    intend(store, begin(store, operation="op-2"), "network", "shop-network-new", "emulator", NETWORK)
    world.networks = {"shop-network-old", "shop-network-new"}
    fixed(store, tmp_path)
    assert world.networks == {"shop-network-new"}
    assert [each.resource_name for each in store.ledger.all()] == ["shop-network-new"]


def test_strays_and_idle_switches_are_told_apart_and_wait_for_operations(
    store: Catalogue, tmp_path: Path, world: FakePops, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = ["namespace x", "switch of PoP north"]
    monkeypatch.setattr(emulated, "is_used", lambda *_: True)
    monkeypatch.setattr(emulated, "strays", lambda *_: list(left))
    monkeypatch.setattr(emulated, "sweep", lambda *_: [left.pop() for _ in list(left)])
    lease = begin(store)
    report = audit(store, tmp_path)
    assert problems(report) == [("stray", "namespace x")]
    assert report.idle == ("switch of PoP north",)
    [kept] = fixed(store, tmp_path)
    assert "Instantiate of shop" in kept
    end(store, lease)
    assert fixed(store, tmp_path) == ["removed  switch of PoP north (stray)", "removed  namespace x (stray)"]
    assert audit(store, tmp_path).idle == ()


def test_known_is_what_the_ledger_says_at_that_moment(store: Catalogue) -> None:
    known = emulated.Known(store, ResourceKind.INSTANCE, ("told",))
    assert set(known) == {"told"}
    intend(store, begin(store), "web-1", "shop-web-1-a", "emulator")
    assert "shop-web-1-a" in known
    assert len(known) == 2
    assert "shop" not in emulated.Known(store, NETWORK)
