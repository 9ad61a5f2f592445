"""What only shows between fields: names, references, cycles, wiring; with line, field path and a hint."""

import pytest

from catalogue.documents import read_descriptor
from domain.errors import DocumentError, Issue
from domain.references import outputs_of, resolve
from domain.semantics import waves

SERVICE = """\
api_version: interlace/v1
kind: Service
name: small
version: 1.0.0
endpoints:
  users: {pop: north}
components:
  front:
    kind: vnf
    image: front:1
    resources: {vcpus: 1, memory: 512 MiB}
    connection_points: [outside, inside]
    config: {backend: "${app.address}"}
  app:
    kind: microservice
    image: app:1
    resources: {vcpus: 1, memory: 512 MiB}
    connection_points: [http]
    environment: {STORE: "${store.address}"}
    scaling: {min: 1, max: 1000}
  store:
    kind: microservice
    image: store:1
    resources: {vcpus: 1, memory: 512 MiB}
    connection_points: [sql]
    depends_on: []
links:
  access: {between: [users, front.outside], bandwidth: 10 Mbit/s}
  calls: {between: [front.inside, app.http], bandwidth: 10 Mbit/s}
chains:
  way: {path: [users, front.outside, front.inside, app.http]}
placement:
  affinity: [[front, app]]
  anti_affinity: [[store]]
  rules: [{components: [store]}]
policies:
  scaling: [{component: app, metric: cpu, scale_out_above: 2, scale_in_below: 1}]
  healing: [{component: front, action: restart}]
"""


def issues(text: str) -> list[Issue]:
    with pytest.raises(DocumentError) as caught:
        read_descriptor(text.encode(), "small.yaml")
    return caught.value.issues


def test_the_service_of_these_tests_has_no_errors() -> None:
    assert read_descriptor(SERVICE.encode(), "small.yaml").name == "small"


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        (
            "${app.address}",
            "${ap.address}",
            "components.front.config.backend",
            "${ap.address}: no component 'ap'; did you mean 'app'?",
        ),
        (
            "${app.address}",
            "${app.adress}",
            "components.front.config.backend",
            "${app.adress}: no output 'adress'; did you mean 'address'?",
        ),
        (
            "${app.address}",
            "${app}",
            "components.front.config.backend",
            "${app} is not of the form ${component.output}",
        ),
        ("${app.address}", "${app.address", "components.front.config.backend", "a ${ without its }"),
        (
            "${store.address}",
            "x-${users.pop}",
            "components.app.environment.STORE",
            "${users.pop}: no component 'users'; known: app, front, store",
        ),
        (
            "depends_on: []",
            "depends_on: [stor]",
            "components.store.depends_on[0]",
            "no component 'stor'; did you mean 'store'?",
        ),
        (
            "[users, front.outside], b",
            "[user, front.outside], b",
            "links.access.between[0]",
            "no component or endpoint 'user'; did you mean 'users'?",
        ),
        (
            "[users, front.outside], b",
            "[users.x, front.outside], b",
            "links.access.between[0]",
            "'users' is an endpoint: it has no connection points",
        ),
        (
            "[users, front.outside], b",
            "[users, front], b",
            "links.access.between[1]",
            "'front' names a component: add a connection point, as in 'front.outside'",
        ),
        (
            "[users, front.outside], b",
            "[users, front.outsid], b",
            "links.access.between[1]",
            "'front' has no connection point 'outsid'; did you mean 'outside'?",
        ),
        (
            "[users, front.outside], b",
            "[front.inside, front.outside], b",
            "links.access.between",
            "both ends are 'front'",
        ),
        (
            "front.inside, app.http]}",
            "front.inside, app.htp]}",
            "chains.way.path[3]",
            "no connection point 'htp'",
        ),
        (
            "front.inside, app.http]}",
            "front.inside, store.sql]}",
            "chains.way.path[3]",
            "no link joins 'front.inside' and 'store.sql'",
        ),
        ("[[front, app]]", "[[front, ap]]", "placement.affinity[0][1]", "no component 'ap'"),
        ("[[store]]", "[[users]]", "placement.anti_affinity[0][0]", "no component 'users'"),
        (
            "components: [store]",
            "components: [stre]",
            "placement.rules[0].components[0]",
            "no component 'stre'",
        ),
        ("component: app", "component: apt", "policies.scaling[0].component", "no component 'apt'"),
        ("component: front", "component: from", "policies.healing[0].component", "no component 'from'"),
    ],
)
def test_a_dangling_reference_is_named_with_line_path_and_hint(
    old: str, new: str, path: str, message: str
) -> None:
    assert SERVICE.count(old) == 1
    found = {issue.path: issue for issue in issues(SERVICE.replace(old, new))}
    assert message in found[path].message
    assert found[path].line == SERVICE[: SERVICE.index(old)].count("\n") + 1


def test_every_dangling_reference_is_reported_at_once() -> None:
    text = SERVICE.replace("${app.", "${a.").replace("${store.", "${b.").replace("[[store]]", "[[c]]")
    assert [(issue.line, issue.path) for issue in issues(text)] == [
        (13, "components.front.config.backend"),
        (19, "components.app.environment.STORE"),
        (34, "placement.anti_affinity[0][0]"),
    ]


@pytest.mark.parametrize(
    ("dependency", "members"),
    [
        ("depends_on: [store]", {"store"}),
        ("depends_on: [app]", {"app", "store"}),
        ("depends_on: [front]", {"front", "app", "store"}),
        ('config: {peer: "${store.address}"}', {"store"}),
        ('config: {peer: "tcp://${front.address}:80"}', {"front", "app", "store"}),
        ('environment: {PEERS: "${app.addresses}"}', {"app", "store"}),
    ],
)
def test_a_dependency_cycle_is_refused_and_shown(dependency: str, members: set[str]) -> None:
    (issue,) = issues(SERVICE.replace("depends_on: []", dependency))
    ring = issue.message.removeprefix("dependency cycle: ").split(" -> ")
    assert ring[0] == ring[-1]
    assert set(ring) == members
    assert issue.path == f"components.{ring[0]}"
    assert issue.line is not None


def test_a_name_of_both_a_component_and_an_endpoint_is_refused() -> None:
    text = SERVICE.replace("  users: {pop: north}", "  users: {pop: north}\n  app: {pop: north}")
    (issue,) = issues(text)
    assert (issue.line, issue.path) == (7, "endpoints.app")
    assert issue.message == "duplicate name: 'app' is a component too"


def test_a_connection_point_given_twice_is_refused() -> None:
    (issue,) = issues(SERVICE.replace("[outside, inside]", "[outside, inside, outside]"))
    assert (issue.line, issue.path) == (12, "components.front.connection_points[2]")
    assert issue.message == "duplicate name: 'outside'"


def test_two_links_between_the_same_connection_points_are_refused() -> None:
    text = SERVICE.replace(
        "chains:", "  again: {between: [app.http, front.inside], bandwidth: 1 Mbit/s}\nchains:"
    )
    (issue,) = issues(text)
    assert (issue.line, issue.path) == (30, "links.again.between")
    assert issue.message == "link 'calls' joins the same two already"


RULES = "  rules: [{components: [store]}]"


@pytest.mark.parametrize(
    ("rules", "path", "message"),
    [
        (
            "rules: [{components: [store], allowed_pops: [a, b], forbidden_pops: [b, c]}]",
            "placement.rules[0].forbidden_pops",
            "b: allowed by the same rule",
        ),
        (
            "rules: [{components: [store], allowed_regions: [x], forbidden_regions: [x]}]",
            "placement.rules[0].forbidden_regions",
            "x: allowed by the same rule",
        ),
        (
            "rules: [{components: [store], allowed_pops: []}]",
            "placement.rules[0].allowed_pops",
            "nothing is allowed",
        ),
        (
            "rules: [{components: [store], allowed_pops: [a]}, {components: [store], allowed_pops: [b]}]",
            "placement.rules[1].components",
            "with placement.rules[0] it leaves 'store' no PoP",
        ),
        (
            "rules: [{components: [store], allowed_regions: [x]},"
            " {components: [store], forbidden_regions: [x]}]",
            "placement.rules[1].components",
            "with placement.rules[0] it leaves 'store' no region",
        ),
        (
            "rules: [{components: [front], allowed_pops: [a]}, {components: [app], allowed_pops: [b, c]}]",
            "placement.affinity[0]",
            "app, front must share a PoP, but no PoP is left to all",
        ),
        (
            "rules: [{components: [front], allowed_regions: [x]},"
            " {components: [app], forbidden_regions: [x]}]",
            "placement.affinity[0]",
            "app, front must share a PoP, but no region is left to all",
        ),
    ],
)
def test_rules_that_contradict_each_other_are_refused(rules: str, path: str, message: str) -> None:
    (issue,) = issues(SERVICE.replace(RULES, f"  {rules}"))
    assert (issue.line, issue.path) == (35 if "rules" in path else 33, path)
    assert message in issue.message


def test_rules_that_narrow_each_other_are_none() -> None:
    rules = (
        "rules: [{components: [store, app], allowed_pops: [a, b]}, {components: [app], forbidden_pops: [a]}]"
    )
    assert read_descriptor(SERVICE.replace(RULES, f"  {rules}").encode(), "small.yaml").name == "small"


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ("[[front, app]]\n  anti_affinity: [[app, front]]", "'app' and 'front' must share a PoP"),
        (
            "[[front, app], [app, store]]\n  anti_affinity: [[front, store]]",
            "'front' and 'store' must share a PoP",
        ),
    ],
)
def test_affinity_and_anti_affinity_of_the_same_are_refused(groups: str, message: str) -> None:
    (issue,) = issues(SERVICE.replace("[[front, app]]\n  anti_affinity: [[store]]", groups))
    assert (issue.line, issue.path) == (34, "placement.anti_affinity[0]")
    assert message in issue.message


def test_replicas_that_affinity_joins_cannot_be_spread() -> None:
    text = SERVICE.replace("[[front, app]]", "[[front, store]]").replace(
        "    depends_on: []", "    instances: 2"
    )
    (issue,) = issues(text)
    assert issue.path == "placement.anti_affinity[0]"
    assert issue.message == "the instances of 'store' must share a PoP by placement.affinity"


def test_500_components_are_read_and_no_more() -> None:
    part = "{kind: vnf, image: a:1, resources: {vcpus: 1, memory: 1 MiB}, connection_points: [x]}"
    head = "api_version: interlace/v1\nkind: Service\nname: many\nversion: '1'\ncomponents:\n"
    many = head + "".join(f"  c{number}: {part}\n" for number in range(500))
    assert len(read_descriptor(many.encode(), "many.yaml").components) == 500
    (issue,) = issues(f"{many}  more: {part}\n")
    assert (issue.line, issue.path) == (5, "components")
    assert "at most 500 items" in issue.message


def test_a_service_too_large_to_expand_is_refused() -> None:
    text = SERVICE.replace("    depends_on: []", "    instances: 1000").replace(
        "    kind: vnf", "    kind: vnf\n    instances: 1000"
    )
    text = text.replace("    image: app:1", "    image: app:1\n    instances: 1000")
    assert {issue.path: issue.message for issue in issues(text)} == {
        "links.calls": "1000000 instance pairs; at most 10000 are allowed",
        "chains.way": "1000000 ways; at most 10000 are allowed",
    }


def test_what_is_needed_comes_in_an_earlier_wave() -> None:
    descriptor = read_descriptor(SERVICE.encode(), "small.yaml")
    assert waves(descriptor) == (("store",), ("app",), ("front",))


def test_depends_on_orders_like_a_reference() -> None:
    text = SERVICE.replace("${app.address}", "none").replace("depends_on: []", "depends_on: [front]")
    assert waves(read_descriptor(text.encode(), "small.yaml")) == (("front",), ("store",), ("app",))


def test_references_are_replaced_by_the_outputs() -> None:
    outputs = {"web": outputs_of([("10.0.0.1", "north"), ("10.0.0.2", "south")])}
    text = "${web.address} of ${web.addresses} in ${web.pop}"
    assert resolve(text, outputs) == "10.0.0.1 of 10.0.0.1,10.0.0.2 in north"
