"""Names that nothing has: told with what was perhaps meant, which is a way out where it leads out."""

from typing import Any

import pytest

from domain.infrastructure import Resources
from domain.plans import GraphEndpoint
from placement.topology import Usage
from tests.unit.explain_world import explained, ways_out
from tests.unit.placement_world import infra, instance, pop, service

WHERE = infra(
    {
        "frankfurt": pop(4, region="north", capabilities=["dpdk"], prices={"licences": {"suite": 1.0}}),
        "paris": pop(4, 2, region="south", capabilities=["sriov"]),
    }
)


@pytest.mark.parametrize(
    ("asked", "sentence", "path"),
    [
        (
            {"requires": {"dpkd"}},
            "web needs dpkd (no PoP has it; did you mean 'dpdk'?)",
            "components.web.requires",
        ),
        (
            {"licences": {"siute"}},
            "web needs licence siute (sold nowhere; did you mean 'suite'?)",
            "components.web.licences",
        ),
        (
            {"allowed_pops": {"frankfrut"}},
            "web may run on frankfrut only: there is no such PoP; did you mean 'frankfurt'?",
            "placement.rules",
        ),
        (
            {"allowed_regions": {"nroth"}},
            "web may run in region nroth only: no PoP is there; did you mean 'north'?",
            "placement.rules",
        ),
    ],
)
def test_a_misspelt_name_is_told_and_its_correction_comes_first(
    asked: dict[str, Any], sentence: str, path: str
) -> None:
    found = explained(service(instance("web-1", **asked), instance("web-2", **asked)), WHERE)
    assert [each.sentence() for each in found.conflict] == [sentence]
    first, *others = found.relaxations
    (wrong,) = next(iter(asked.values()))
    (change,) = first.changes
    assert (change.before, change.where, first.size) == (wrong, path, 0.05)
    assert first.text == f"write {change.after} instead of {wrong} for web"
    assert first.cost_per_hour <= min(each.cost_per_hour for each in others) + 2  # with the licence's price
    assert others


def test_one_wrong_name_among_right_ones_is_told() -> None:
    full = Usage(pops={"paris": Resources.of(4, 0, 0)})
    found = explained(service(instance("web-1", allowed_pops={"frankfrut", "paris"})), WHERE, full)
    assert (
        "web may run on frankfrut, paris only: there is no PoP frankfrut; did you mean 'frankfurt'?"
        in found.text()
    )
    assert ways_out(found)[0] == "write frankfurt instead of frankfrut for web"


def test_a_wrong_name_is_corrected_for_all_components_that_have_it() -> None:
    parts = [instance(name, requires={"dpkd"}) for name in ("web-1", "gate-1")]
    found = explained(service(*parts), WHERE)
    assert ways_out(found)[0] == (
        "write dpdk instead of dpkd for web; and write dpdk instead of dpkd for gate"
    )


def test_a_correction_that_does_not_lead_out_is_no_way_out() -> None:
    found = explained(service(instance("web-1", requires={"dpkd"}, allowed_pops={"paris"})), WHERE)
    assert "did you mean 'dpdk'?" in found.text()
    assert not any(text.startswith("write") for text in ways_out(found))


def test_an_endpoint_at_a_misspelt_pop() -> None:
    found = explained(service(endpoints=(GraphEndpoint(name="users", pop="pari"),)), WHERE)
    assert found.conflict[0].sentence() == "users is at pari: there is no such PoP; did you mean 'paris'?"
    assert ways_out(found)[0] == "put endpoint users at paris instead of pari"
