"""Policies that are wrong are refused at onboarding, with line and field."""

import pytest

from catalogue.documents import read_descriptor
from domain.descriptor import Descriptor
from domain.errors import DocumentError
from domain.policies import name_of

SERVICE = """\
api_version: interlace/v1
kind: Service
name: shop
version: 1.0.0
components:
  web:
    kind: microservice
    image: web:1
    resources: {vcpus: 1, memory: 512 MiB}
    connection_points: [http]
    instances: 2
    scaling: {min: 1, max: 5}
  load-balancer:
    kind: vnf
    image: balancer:1
    resources: {vcpus: 1, memory: 512 MiB}
    connection_points: [back]
  store:
    kind: microservice
    image: store:1
    resources: {vcpus: 1, memory: 512 MiB}
    connection_points: [sql]
    scaling: {min: 1, max: 2}
    lifecycle: {single: true}
links:
  pages: {between: [load-balancer.back, web.http], bandwidth: 10 Mbit/s}
chains:
  shopping: {path: [load-balancer.back, web.http]}
policies:
  scaling:
"""
LINE = len(SERVICE.splitlines()) + 1

GOOD = [
    "{component: web, metric: cpu, scale_out_above: 0.8, scale_in_below: 0.3}",
    "{component: web, kind: target, metric: sum(requests_per_s) / instances, target: 80}",
    '{component: web, kind: target, metric: \'max(avg("load-balancer".cpu, "60 s"), p95(cpu))\', target: 80}',
    "{component: web, kind: target, metric: 'chain(\"shopping\").latency_ms', target: 20}",
    "{component: web, kind: schedule, cron: 0 8 * * MON-FRI, time_zone: Asia/Tokyo, instances: 5, hold: 9 h}",
    "{component: web, kind: schedule, cron: '*/5 0-6,22 1,15 1/3 *', instances: 1}",
    "{component: web, kind: predicted, metric: sum(requests_per_s), per_instance: 100}",
    "{component: web, metric: queue_of_my_own, scale_out_above: 8, scale_in_below: 3}",
    "{component: web, metric: 'sum(\"orders_per_s\")', scale_out_above: 8, scale_in_below: 3}",
]


def told(*policies: str, after: str = "") -> list[tuple[int | None, str, str]]:
    text = SERVICE + "".join(f"    - {each}\n" for each in policies) + after
    with pytest.raises(DocumentError) as caught:
        read_descriptor(text.encode(), "shop.yaml")
    return [(each.line, each.path, each.message) for each in caught.value.issues]


@pytest.mark.parametrize("policy", GOOD)
def test_what_is_right_is_read_and_kept(policy: str) -> None:
    found = read_descriptor(f"{SERVICE}    - {policy}\n".encode(), "shop.yaml")
    assert len(found.policies.scaling) == 1
    assert Descriptor.model_validate_json(found.model_dump_json()) == found


TARGET = "{{component: web, kind: target, metric: '{}', target: 1}}"
THRESHOLD = "{{component: web, metric: cpu, scale_out_above: {}, scale_in_below: {}}}"
SCHEDULE = "{{component: web, kind: schedule, cron: '{}', time_zone: {}, instances: {}}}"


@pytest.mark.parametrize(
    ("policy", "path", "message"),
    [
        (
            TARGET.format("avg(cpu"),
            "metric",
            "at character 4: '(' was never closed; an expression is arithmetic",
        ),
        (TARGET.format("cpu +"), "metric", "at character 5: this cannot stand here; an expression is"),
        (
            TARGET.format("cpu > 1"),
            "metric",
            "at character 1: nothing is compared here: thresholds are fields",
        ),
        (
            TARGET.format("avg(cpuu)"),
            "metric",
            "at character 5: no metric 'cpuu'; did you mean 'cpu'? One of your",
        ),
        (
            TARGET.format("1 + mean(cpu)"),
            "metric",
            "at character 5: no function 'mean'; known: avg, chain, max",
        ),
        (TARGET.format("1 / instances"), "metric", "at character 1: nothing is measured here"),
        (TARGET.format("avg(wbe.cpu)"), "metric", "at character 5: no component 'wbe'; did you mean 'web'?"),
        (
            TARGET.format("cpu + web"),
            "metric",
            "at character 7: 'web' is a component: say which metric of it",
        ),
        (
            TARGET.format('chain("shoping").loss'),
            "metric",
            "at character 1: no chain 'shoping'; did you mean",
        ),
        (
            TARGET.format('chain("shopping").los'),
            "metric",
            "at character 1: chains have no 'los'; did you mean",
        ),
        (
            TARGET.format("chain_loss"),
            "metric",
            'at character 1: chain_loss is of a chain: write chain("NAME").loss',
        ),
        (
            TARGET.format("requests-per-second"),
            "metric",
            "at character 1: requests-per-second is a subtraction; did you mean 'requests_per_s'?",
        ),
        (TARGET.format('avg(cpu, "60")'), "metric", "at character 10: '60' has no unit: write it like '5 s'"),
        (THRESHOLD.format(0.3, 0.8), "", "scale_in_below must be under scale_out_above"),
        (SCHEDULE.format("0 8 * *", "UTC", 2), "cron", "'0 8 * *' has 4 fields, not five (minute, hour"),
        (
            SCHEDULE.format("0 25 * * *", "UTC", 2),
            "cron",
            "'0 25 * * *': '25' is no hour: '0 8 * * 1-5' is 8:00",
        ),
        (SCHEDULE.format("0 8 L * *", "UTC", 2), "cron", "'0 8 L * *': 'L' is no day of the month: '0 8"),
        (SCHEDULE.format("0 8 30 2 *", "UTC", 2), "cron", "'0 8 30 2 *': such a day never comes"),
        (
            SCHEDULE.format("0 8 1 * 1", "UTC", 2),
            "cron",
            "'0 8 1 * 1': give the day of the month or the day of",
        ),
        (
            SCHEDULE.format("0 8 * * *", "Europe/Berln", 2),
            "time_zone",
            "no time zone 'Europe/Berln' in the IANA database; did you mean 'Europe/Berlin'?",
        ),
        (
            SCHEDULE.format("0 8 * * *", "UTC", 6),
            "instances",
            "6 is beyond the limits: scaling of 'web' allows 1 to 5",
        ),
        (
            "{component: load-balancer, metric: cpu, scale_out_above: 2, scale_in_below: 1}",
            "component",
            "'load-balancer' has no limits to scale within; components.load-balancer needs scaling: {min",
        ),
        (
            "{component: store, metric: cpu, scale_out_above: 2, scale_in_below: 1}",
            "component",
            "'store' is `single`: it is not scaled by a policy",
        ),
        (
            "{component: wbe, metric: cpu, scale_out_above: 2, scale_in_below: 1}",
            "component",
            "no component 'wbe'; did you mean 'web'?",
        ),
        (
            "{component: web, kind: targets, metric: cpu, target: 1}",
            "",
            "kind must be 'threshold', 'target', 'schedule' or 'predicted'",
        ),
        (
            "{component: web, metric: cpu, target: 1}",
            "",
            "a policy with 'target' is of another kind: add kind: target",
        ),
        (
            "{component: web, kind: target, metric: cpu, targt: 1, target: 2}",
            "targt",
            "unknown field; did you mean",
        ),
        (
            "{component: web, kind: target, metric: cpu, target: 0}",
            "target",
            "Input should be greater than 0",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(policy: str, path: str, message: str) -> None:
    [(line, field, words)] = told(policy)
    where = "policies.scaling[0]" + (f".{path}" if path else "")
    assert (line, field) == (LINE, where)
    assert words.startswith(message)


@pytest.mark.parametrize(
    ("policies", "path", "message"),
    [
        (
            ["{component: web, metric: cpu, scale_out_above: 0.8, scale_in_below: 0.3}"] * 2,
            "name",
            "policies.scaling[0] is called 'web-threshold' already: give each a name of its own",
        ),
        (
            [
                "{component: web, metric: cpu, scale_out_above: 0.5, scale_in_below: 0.3}",
                "{component: web, name: b, metric: avg( cpu ), scale_out_above: 0.9, scale_in_below: 0.6}",
            ],
            "metric",
            "thresholds cross: above 0.5 policies.scaling[0] adds instances, "
            "and below 0.6 this one takes them away",
        ),
        (
            [
                "{component: web, metric: cpu, scale_out_above: 0.9, scale_in_below: 0.6}",
                "{component: web, kind: target, metric: cpu, target: 0.5}",
            ],
            "metric",
            "thresholds cross: above 0.55 this one adds instances, "
            "and below 0.6 policies.scaling[0] takes them away",
        ),
        (
            [
                "{component: web, name: a, kind: schedule, cron: 0 8 * * *, instances: 2}",
                "{component: web, name: b, kind: schedule, cron: 0 8 * * *, instances: 3}",
            ],
            "cron",
            "policies.scaling[0] runs at the same times",
        ),
    ],
)
def test_policies_that_fight_are_refused(policies: list[str], path: str, message: str) -> None:
    assert told(*policies) == [(LINE + 1, f"policies.scaling[1].{path}", message)]


def test_a_great_many_policies_are_refused_soon() -> None:
    many = [f"{{component: web, name: p{n}, kind: target, metric: cpu, target: 1}}" for n in range(501)]
    [(_, path, message)] = told(*many)
    assert (path, message) == (
        "policies.scaling",
        "Tuple should have at most 500 items after validation, not 501",
    )


def test_a_component_is_healed_in_one_way() -> None:
    healing = (
        "  healing:\n"
        + "    - {component: web, action: restart}\n" * 2
        + "    - {component: x, action: restart}\n"
    )
    assert told(GOOD[0], after=healing) == [
        (LINE + 3, "policies.healing[1].component", "policies.healing[0] says how 'web' is healed already"),
        (LINE + 4, "policies.healing[2].component", "no component 'x'; known: load-balancer, store, web"),
    ]


def test_the_interval_is_that_of_the_descriptor_and_neither_too_short_nor_too_long() -> None:
    head, _, _ = SERVICE.rpartition("  scaling:")
    assert read_descriptor(SERVICE.rpartition("policies:")[0].encode(), "shop.yaml").policies.interval == 15
    assert read_descriptor(f"{head}  interval: 1 min\n".encode(), "shop.yaml").policies.interval == 60
    for wrong, seconds in (("0.5 s", "0.5"), ("2 h", "7200")):
        with pytest.raises(DocumentError) as caught:
            read_descriptor(f"{head}  interval: {wrong}\n".encode(), "shop.yaml")
        message = f"{seconds} s: the time between two looks is from 1 s to 1 h"
        assert [(each.line, each.path, each.message) for each in caught.value.issues] == [
            (LINE - 1, "policies.interval", message)
        ]


MOVING = "{{component: {}, metric: '{}', above: 40}}"


def migrating(*policies: str, before: str = "") -> str:
    head, _, _ = SERVICE.rpartition("  scaling:")
    return before + head + "  migration:\n" + "".join(f"    - {each}\n" for each in policies)


def told_of_moving(*policies: str, before: str = "") -> list[tuple[int | None, str, str]]:
    with pytest.raises(DocumentError) as caught:
        read_descriptor(migrating(*policies, before=before).encode(), "shop.yaml")
    return [(each.line, each.path, each.message) for each in caught.value.issues]


def test_a_migration_policy_is_read_with_what_it_leaves_out() -> None:
    text = migrating(MOVING.format("load-balancer", 'chain("shopping").latency_ms'))
    [policy] = read_descriptor(text.encode(), "shop.yaml").policies.migration
    assert (policy.component, policy.above, policy.sustained, policy.cooldown) == (
        "load-balancer",
        40,
        60,
        600,
    )
    assert name_of(policy) == "load-balancer-migration"


@pytest.mark.parametrize(
    ("policy", "path", "message"),
    [
        (MOVING.format("wbe", "cpu"), "component", "no component 'wbe'; did you mean 'web'?"),
        (
            MOVING.format("web", "cpuu"),
            "metric",
            "at character 1: no metric 'cpuu'; did you mean 'cpu'? One of your own is written in quotes: "
            '"cpuu"',
        ),
        (
            MOVING.format("web", 'chain("shoping").latency_ms'),
            "metric",
            "at character 1: no chain 'shoping'; did you mean 'shopping'?",
        ),
        ("{component: web, metric: cpu}", "above", "required, but missing"),
        ("{component: web, metric: cpu, above: .inf}", "above", "Input should be a finite number"),
        (
            "{component: web, metric: cpu, abov: 3, above: 3}",
            "abov",
            "unknown field; did you mean 'above'?",
        ),
    ],
)
def test_a_wrong_migration_policy_is_refused_with_its_line(policy: str, path: str, message: str) -> None:
    assert told_of_moving(policy) == [(LINE, f"policies.migration[0].{path}", message)]


def test_what_must_share_a_pop_is_not_moved_alone() -> None:
    affinity = "placement: {affinity: [[web, store], [store, load-balancer]]}\n"
    assert told_of_moving(MOVING.format("web", "cpu"), before=affinity) == [
        (
            LINE + 1,
            "policies.migration[0].component",
            "placement.affinity keeps it with load-balancer, store, so it cannot leave alone",
        )
    ]


def test_names_are_unique_among_all_policies() -> None:
    named = "{component: web, name: web-target, metric: cpu, above: 0.9}"
    after = f"  migration:\n    - {named}\n"
    assert told(TARGET.format("cpu"), after=after) == [
        (
            LINE + 2,
            "policies.migration[0].name",
            "policies.scaling[0] is called 'web-target' already: names are unique in a service",
        )
    ]
