"""The objects that a Kubernetes PoP is given: names, workloads, services, policies."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptors.vim.kubernetes import manifests, naming, policies
from adaptors.vim.kubernetes.calls import Refusal
from adaptors.vim.kubernetes.members import Member, differences, parse, template_of, written
from adaptors.vim.kubernetes.settings import KubernetesSettings
from domain.descriptor import ComponentKind, HealthCheck
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, Listening
from domain.networking import Admission, PopNetwork

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TAGS = {"service": "shop", "component": "web", "instance": "web-1", "operation": "op-1", "tenant": "t"}
OWNER = manifests.owned_by("Deployment", "web-1234", "u")
PLAIN = KubernetesSettings()


def spec(**changes: Any) -> InstanceSpec:
    return InstanceSpec.model_validate(
        {
            "name": "shop-web-1",
            "pop": "berlin",
            "image": "nginx",
            "resources": Resources.of(2, 256, 3),
            "kind": ComponentKind.MICROSERVICE,
            "config": {"workers": 2, "greeting": "hello", "odd key": True},
            "environment": {"MODE": "$(HOME)"},
            "secrets": {"PASSWORD": "shop-password"},
            "listens": (Listening(connection_point="http", protocol="tcp", port=80),),
            "tags": TAGS,
            **changes,
        }
    )


def container(asked: InstanceSpec, settings: KubernetesSettings = PLAIN) -> dict[str, Any]:
    kind = manifests.workload_kind(asked, settings)
    found = manifests.workload(asked, kind, "space", "web-1234", settings)
    (only,) = found["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_any_text_becomes_a_label_of_its_own(one: str, other: str) -> None:
    assert LABEL.fullmatch(naming.label_name(one))
    assert (naming.label_name(one) == naming.label_name(other)) == (one == other)


@given(st.from_regex(LABEL, fullmatch=True), st.from_regex(LABEL, fullmatch=True))
def test_names_leave_room_for_what_kubernetes_adds(service: str, tenant: str) -> None:
    assert LABEL.fullmatch(naming.namespace_name("berlin-", "berlin", service, tenant))
    workload = naming.workload_name(service, "0123abcd", 3)
    assert len(workload) <= 52 and LABEL.fullmatch(workload)
    assert naming.service_name(service)[0].isalpha()


def test_services_and_tenants_that_read_alike_have_namespaces_of_their_own() -> None:
    one, other = (naming.namespace_name("", "berlin", *each) for each in (("a-b", "c"), ("a", "b-c")))
    assert one != other


def test_what_is_asked_for_is_the_limit_too() -> None:
    amounts = {"cpu": "2", "memory": "256Mi", "ephemeral-storage": "3Gi"}
    assert container(spec())["resources"] == {"requests": amounts, "limits": amounts}


def test_a_disk_of_a_storage_class_is_a_volume_and_the_instance_has_its_own_workload() -> None:
    settings = KubernetesSettings(storage_class="fast", disk_path="/var/lib/data")
    assert manifests.workload_kind(spec(), settings) == "StatefulSet"
    found = manifests.workload(spec(), "StatefulSet", "space", "web-1234", settings)
    (claim,) = found["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"] == {"storage": "3Gi"}
    mounts = {each["name"]: each["mountPath"] for each in container(spec(), settings)["volumeMounts"]}
    assert mounts["data"] == "/var/lib/data"
    assert "ephemeral-storage" not in container(spec(), settings)["resources"]["limits"]
    one, other = (template_of(each, "StatefulSet") for each in (spec(), spec(name="shop-web-2")))
    assert one != other


def test_environment_config_and_secrets_become_variables() -> None:
    variables = {each["name"]: each for each in container(spec())["env"]}
    assert variables["MODE"]["value"] == "$$(HOME)"
    assert variables["PASSWORD"]["valueFrom"]["secretKeyRef"]["key"] == "PASSWORD"
    assert variables["CONFIG_WORKERS"]["valueFrom"]["configMapKeyRef"]["key"] == "workers"
    assert variables["INTERLACE_CONFIG"]["value"] == "/etc/interlace/config.json"
    data = manifests.config_map(spec(), "space", "config", OWNER)["data"]
    assert json.loads(data["config.json"]) == spec().config
    assert data["workers"] == "2" and data["greeting"] == "hello" and "odd key" not in data


def test_what_the_descriptor_says_goes_before_the_config_of_that_name() -> None:
    asked = spec(environment={"CONFIG_WORKERS": "9"})
    (only,) = [each for each in container(asked)["env"] if each["name"] == "CONFIG_WORKERS"]
    assert only["value"] == "9"


def test_probes_follow_the_health_check() -> None:
    check = {"type": "http", "port": 8080, "path": "/up", "interval": "2 s", "unhealthy_after": 4}
    found = container(spec(health_check=HealthCheck.model_validate(check)))
    assert found["readinessProbe"]["httpGet"] == {"port": 8080, "path": "/up"}
    assert found["livenessProbe"]["failureThreshold"] == 4
    assert found["livenessProbe"]["periodSeconds"] == 2
    assert found["startupProbe"]["failureThreshold"] == 150
    assert "readinessProbe" not in container(spec(health_check=HealthCheck(type="process")))


def test_fellows_share_a_template_and_hints_make_no_other() -> None:
    fellow = spec(name="shop-web-2", tags={**TAGS, "instance": "web-2"})
    assert template_of(spec(), "Deployment") == template_of(fellow, "Deployment")
    assert template_of(spec(), "Deployment") == template_of(spec(listens=()), "Deployment")
    assert template_of(spec(), "Deployment") != template_of(spec(config={}), "Deployment")
    assert differences(spec(), spec(config={}, listens=())) == ["config"]


def test_a_workload_tells_its_instances_again() -> None:
    members = (Member(name="shop-web-1", id="1", tags=TAGS), Member(name="b", id="2", tags=TAGS))
    body = manifests.workload(spec(), "Deployment", "space", "web-1234", PLAIN)
    body["metadata"] |= {"uid": "u", "resourceVersion": "7"}
    body["metadata"]["annotations"][naming.MEMBERS] = written(members)
    found = parse("Deployment", body)
    assert found.members == members
    assert found.spec(members[0]) == spec()


def test_no_manifest_has_a_secrets_value_but_the_secret() -> None:
    secret = manifests.secret(spec(), "space", "s", {"PASSWORD": "abc"}, OWNER)
    assert secret["data"] == {"PASSWORD": "YWJj"}
    workload = manifests.workload(spec(), "Deployment", "space", "web", PLAIN)
    assert "YWJj" not in json.dumps(workload) and "abc" not in json.dumps(workload["spec"])


def test_only_exposed_points_are_exposed() -> None:
    points = tuple(
        Listening(connection_point=point, protocol="tcp", port=port)
        for point, port in (("http", 80), ("admin", 81))
    )
    asked = spec(listens=points, exposed=frozenset({"http"}))
    outside = manifests.exposing(asked, "space", KubernetesSettings(exposure="load-balancer"))
    assert outside is not None
    assert [each["port"] for each in outside["spec"]["ports"]] == [80]
    inside = manifests.service(asked, "space")
    assert inside is not None
    assert [each["port"] for each in inside["spec"]["ports"]] == [80, 81]
    assert manifests.exposing(asked, "space", PLAIN) is None
    assert manifests.service(spec(listens=()), "space") is None


def admission(**changes: Any) -> Admission:
    base = {"name": "l: a > b", "target": "b", "connection_point": "x", "source": "a", "protocol": "tcp"}
    return Admission.model_validate({**base, "port": 1, **changes})


def made(*admissions: Admission) -> dict[str, Any]:
    part = PopNetwork(pop="berlin", tags={**TAGS, "network": "n"}, admissions=admissions)
    return policies.of_network("berlin", "n", part, "space", {"a": "web", "b": "db"})


def test_both_ends_of_a_link_have_a_policy() -> None:
    found = made(admission())
    assert set(found) == {"n-db-in", "n-web-out"}
    (rule,) = found["n-db-in"]["spec"]["ingress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 1}]


@pytest.mark.parametrize(
    ("protocol", "port", "ports"),
    [
        ("any", None, None),
        ("any", 7, [{"protocol": "TCP", "port": 7}, {"protocol": "UDP", "port": 7}]),
        ("udp", None, [{"protocol": "UDP"}]),
    ],
)
def test_protocols_and_ports_are_said_as_policies_know_them(
    protocol: str, port: int | None, ports: list[Any] | None
) -> None:
    (rule,) = made(admission(protocol=protocol, port=port))["n-db-in"]["spec"]["ingress"]
    assert rule.get("ports") == ports


def test_who_speaks_from_elsewhere_is_admitted_by_address_and_the_absent_not_at_all() -> None:
    (rule,) = made(admission(source=None, sources=("10.1.0.0/16",)))["n-db-in"]["spec"]["ingress"]
    assert rule["from"] == [{"ipBlock": {"cidr": "10.1.0.0/16"}}]
    assert made(admission(target="gone")) == {}
    assert made(admission(source="gone")) == {}


def test_the_order_and_number_of_like_admissions_makes_no_difference() -> None:
    one, two = admission(), admission(port=2)
    assert made(one, two) == made(two, one, one)


def test_icmp_cannot_be_admitted() -> None:
    with pytest.raises(Refusal, match="ICMP"):
        made(admission(protocol="icmp", port=None))


def test_a_closed_namespace_asks_names_and_what_is_let_out() -> None:
    settings = KubernetesSettings.model_validate({"egress": ["10.9.0.0/16"]})
    found = policies.closed("berlin", TAGS, "space", settings)["spec"]
    assert found["ingress"] == []
    assert found["egress"][1] == {"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]}
