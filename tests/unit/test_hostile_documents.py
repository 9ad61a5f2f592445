"""Documents that are wrong in one place: told once, where, and what would be right; nothing else happens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.documents import read_descriptor, read_infrastructure
from domain.errors import DocumentError, Issue
from tests.forked import interlace

INFRASTRUCTURE = """\
api_version: interlace/v1
kind: Infrastructure
licences: {nat: 0.5}
pops:
  north:
    vim: {kind: modelled}
    capacity: {vcpus: 8, memory: 8 GiB, disk: 10 GiB}
    prices: {vcpu_hour: 0.02}
    energy: {watts_per_vcpu: 10, price_kwh: 0.3}
  south:
    vim: {kind: modelled}
    capacity: {vcpus: 8, memory: 8 GiB, disk: 10 GiB}
links:
  wire:
    between: [north, south]
    bandwidth: 1 Gbit/s
    latency: 2 ms
    price_mbps_hour: 0.001
"""

DESCRIPTOR = """\
api_version: interlace/v1
kind: Service
name: shop
version: "1"
endpoints:
  users: {pop: north}
components:
  web:
    kind: microservice
    image: w:1
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [http]
  base:
    kind: microservice
    image: b:1
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [sql]
links:
  pages: {between: [users, web.http], bandwidth: 1 Mbit/s, latency: 10 ms}
  data: {between: [web.http, base.sql], bandwidth: 1 Mbit/s}
placement:
  budget_per_hour: 5
"""

Case = tuple[str, str, int, str, str]
"""What is there, what is put there, line and path of the complaint, and words that it must have."""

WRONG_INFRASTRUCTURES: list[Case] = [
    ("vcpus: 8, memory: 8 GiB", "vcpus: -1, memory: 8 GiB", 7, "pops.north.capacity.vcpus", "0"),
    ("vcpus: 8, memory: 8 GiB", "vcpus: .nan, memory: 8 GiB", 7, "pops.north.capacity.vcpus", "finite"),
    ("vcpus: 8, memory: 8 GiB", "vcpus: .inf, memory: 8 GiB", 7, "pops.north.capacity.vcpus", "finite"),
    ("vcpus: 8, memory: 8 GiB", "vcpus: 1.5, memory: 8 GiB", 7, "pops.north.capacity.vcpus", "nteger"),
    ("vcpus: 8, memory: 8 GiB", f"vcpus: {10**30}, memory: 8 GiB", 7, "pops.north.capacity.vcpus", "10000"),
    ("vcpus: 8, memory: 8 GiB", "vcpus: 8, memory: -8 GiB", 7, "pops.north.capacity.memory", "write it like"),
    ("vcpus: 8, memory: 8 GiB", "vcpus: 8, memory: 8", 7, "pops.north.capacity.memory", "unit"),
    (
        "vcpus: 8, memory: 8 GiB",
        "vcpus: 8, memory: nan GiB",
        7,
        "pops.north.capacity.memory",
        "write it like",
    ),
    ("disk: 10 GiB}\n    prices", "disk: 9e99 TiB}\n    prices", 7, "pops.north.capacity.disk", "write it"),
    ("vcpu_hour: 0.02", "vcpu_hour: -0.02", 8, "pops.north.prices.vcpu_hour", "0"),
    ("vcpu_hour: 0.02", "vcpu_hour: .nan", 8, "pops.north.prices.vcpu_hour", "nite"),
    ("vcpu_hour: 0.02", "vcpu_hour: .inf", 8, "pops.north.prices.vcpu_hour", "nite"),
    ("vcpu_hour: 0.02", "vcpu_hour: 1e10", 8, "pops.north.prices.vcpu_hour", "1000000000"),
    ("watts_per_vcpu: 10", "watts_per_vcpu: -10", 9, "pops.north.energy.watts_per_vcpu", "0"),
    ("{nat: 0.5}", "{nat: -0.5}", 3, "licences.nat", "0"),
    ("[north, south]", "[north, north]", 15, "links.wire", "north"),
    ("[north, south]", "[north, atlantis]", 15, "links.wire.between[1]", "atlantis"),
    ("[north, south]", "[north]", 15, "links.wire.between", ""),
    ("1 Gbit/s", "-1 Gbit/s", 16, "links.wire.bandwidth", "write it like"),
    ("1 Gbit/s", "1e15 Gbit/s", 16, "links.wire.bandwidth", "write it like"),
    ("1 Gbit/s", "9999999999999999 Tbit/s", 16, "links.wire.bandwidth", "large"),
    ("2 ms", "-2 ms", 17, "links.wire.latency", "write it like"),
    ("2 ms", ".nan", 17, "links.wire.latency", "unit"),
    ("price_mbps_hour: 0.001", "price_mbps_hour: -1", 18, "links.wire.price_mbps_hour", "0"),
]

WRONG_DESCRIPTORS: list[Case] = [
    (
        "vcpus: 1, memory: 1 GiB}\n    connection_points: [http]",
        "vcpus: -1, memory: 1 GiB}\n    connection_points: [http]",
        11,
        "components.web.resources.vcpus",
        "0",
    ),
    (
        "bandwidth: 1 Mbit/s, latency",
        "bandwidth: -1 Mbit/s, latency",
        19,
        "links.pages.bandwidth",
        "write it",
    ),
    ("latency: 10 ms", "latency: nan ms", 19, "links.pages.latency", "write it like"),
    ("[web.http, base.sql]", "[web.http, web.http]", 20, "links.data.between", "web"),
    ("budget_per_hour: 5", "budget_per_hour: -5", 22, "placement.budget_per_hour", "0"),
    ("budget_per_hour: 5", "budget_per_hour: .nan", 22, "placement.budget_per_hour", ""),
    ("budget_per_hour: 5", "objective: {cost: .nan}", 22, "placement.objective", "nite"),
    ("budget_per_hour: 5", "objective: {cost: -1}", 22, "placement.objective", "0"),
    ("budget_per_hour: 5", "objective: {cost: 0}", 22, "placement.objective", "0"),
    ("budget_per_hour: 5", "objective: speed", 22, "placement.objective", "latency"),
    (
        "budget_per_hour: 5",
        "affinity: [[web, base]]\n  anti_affinity: [[web, base]]",
        23,
        "placement.anti_affinity[0]",
        "affinity",
    ),
    (
        "budget_per_hour: 5",
        "rules: [{components: [web], allowed_pops: [north], forbidden_pops: [north]}]",
        22,
        "placement.rules[0].forbidden_pops",
        "north",
    ),
    (
        "budget_per_hour: 5",
        "rules: [{components: [web], allowed_pops: []}]",
        22,
        "placement.rules[0].allowed_pops",
        "nothing is allowed",
    ),
]


def refused(read: Callable[[bytes, str], object], text: str) -> list[Issue]:
    with pytest.raises(DocumentError) as told:
        read(text.encode(), "the-file")
    assert str(told.value).startswith("the-file")
    return list(told.value.issues)


def changed(text: str, case: Case) -> str:
    assert text.count(case[0]) >= 1
    return text.replace(case[0], case[1], 1)


@pytest.mark.parametrize("case", WRONG_INFRASTRUCTURES, ids=lambda case: case[1].split("\n")[0])
def test_a_wrong_infrastructure_is_told_once_and_where(case: Case) -> None:
    (issue,) = refused(read_infrastructure, changed(INFRASTRUCTURE, case))
    assert issue.line in (case[2], case[2] - 1)  # of the field, or of what it is in
    assert issue.path.startswith(case[3])
    assert case[4] in issue.message


@pytest.mark.parametrize("case", WRONG_DESCRIPTORS, ids=lambda case: case[1].split("\n")[0])
def test_a_wrong_descriptor_is_told_once_and_where(case: Case) -> None:
    (issue,) = refused(read_descriptor, changed(DESCRIPTOR, case))
    assert issue.line == case[2]
    assert issue.path.startswith(case[3])
    assert case[4] in issue.message


def test_five_hundred_components_are_a_service_and_no_more() -> None:
    def many(count: int) -> str:
        part = "{kind: vnf, image: i, resources: {vcpus: 1, memory: 1 GiB}, connection_points: [a]}"
        rows = [f"  c{number}: {part}" for number in range(count)]
        head = ["api_version: interlace/v1", "kind: Service", "name: crowd", 'version: "1"', "components:"]
        return "\n".join([*head, *rows])

    assert len(read_descriptor(many(500).encode(), "the-file").components) == 500
    (issue,) = refused(read_descriptor, many(501))
    assert (issue.path, "500" in issue.message) == ("components", True)


def test_the_command_line_refuses_with_line_and_field_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "infra.yaml").write_text(changed(INFRASTRUCTURE, WRONG_INFRASTRUCTURES[0]))
    (tmp_path / "shop.yaml").write_text(changed(DESCRIPTOR, WRONG_DESCRIPTORS[0]))
    for words, where in (
        (("infra", "apply", tmp_path / "infra.yaml"), "line 7: pops.north.capacity.vcpus"),
        (("infra", "plan", tmp_path / "infra.yaml"), "line 7: pops.north.capacity.vcpus"),
        (("onboard", tmp_path / "shop.yaml"), "line 11: components.web.resources.vcpus"),
    ):
        done = interlace(tmp_path, *words)
        assert done.returncode == 2
        assert where in done.stderr
        assert "Traceback" not in done.stderr
    assert interlace(tmp_path, "infra", "show").returncode == 2  # there is none yet
