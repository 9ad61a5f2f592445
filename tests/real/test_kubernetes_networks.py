"""Links at a real Kubernetes: a namespace is closed, and just the policies of its networks open it."""

from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.port import ConnectedVim
from domain.errors import VimRefusedError, VimUnavailableError
from domain.networking import Admission, ChainHop, Departure, PopNetwork, ServiceChain
from lab.faults.rules import Fault
from tests.contract.kubernetes_site import POP, KubernetesSite
from tests.real.kubernetes_cluster import behind_proxy, kubeconfig, quiet, site, spec

__all__ = ["kubeconfig", "site"]
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

NETWORK = "shop-network-1a2b3c4d"
TAGS = {"service": "shop", "tenant": "t", "operation": "op-1", "network": NETWORK}
TO_DB = Admission(
    name="web-db: web-1 > db-1.sql",
    target="shop-db-1",
    connection_point="sql",
    source="shop-web-1",
    protocol="tcp",
    port=5432,
)
FROM_USERS = Admission(
    name="users-web: users > web-1.http",
    target="shop-web-1",
    connection_point="http",
    sources=("0.0.0.0/0",),
    protocol="tcp",
    port=80,
)
PART = PopNetwork(pop=POP, tags=TAGS, admissions=(TO_DB, FROM_USERS))


@pytest.fixture
def vim(site: KubernetesSite) -> ConnectedVim:
    """With an instance of web and one of db."""
    opened = site.open()
    assert isinstance(opened, ConnectedVim)
    opened.create(spec(), quiet)
    opened.create(spec("shop-db-1", component="db"), quiet)
    return opened


def policies(site: KubernetesSite) -> dict[str, Object]:
    found = site.api.list("NetworkPolicy", site.namespace())
    return {each["metadata"]["name"]: each["spec"] for each in found}


def test_a_namespace_is_closed_before_its_first_pod_starts(vim: ConnectedVim, site: KubernetesSite) -> None:
    (closed,) = policies(site).values()
    assert closed["podSelector"] == {}
    assert sorted(closed["policyTypes"]) == ["Egress", "Ingress"]
    assert "ingress" not in closed
    (names,) = closed["egress"]
    assert {each["port"] for each in names["ports"]} == {53}
    assert vim.networks() == frozenset()


def test_just_the_links_are_let_through_both_ways(vim: ConnectedVim, site: KubernetesSite) -> None:
    assert vim.unconnected(NETWORK, PART) != ()
    for _ in range(2):
        vim.connect(NETWORK, PART, quiet)
    assert vim.unconnected(NETWORK, PART) == ()
    assert vim.networks() == {NETWORK}
    found = policies(site)
    assert found[f"{NETWORK}-db-in"]["ingress"] == [
        {
            "from": [{"podSelector": {"matchLabels": {"interlace.dev/component": "web"}}}],
            "ports": [{"protocol": "TCP", "port": 5432}],
        }
    ]
    assert found[f"{NETWORK}-web-out"]["egress"][0]["to"] == [
        {"podSelector": {"matchLabels": {"interlace.dev/component": "db"}}}
    ]
    assert found[f"{NETWORK}-web-in"]["ingress"][0]["from"] == [{"ipBlock": {"cidr": "0.0.0.0/0"}}]


def test_a_link_to_another_pop_is_let_out_to_that_address_alone(
    vim: ConnectedVim, site: KubernetesSite
) -> None:
    away = Departure(
        name="web-cache: web-1 > cache-1.in",
        source="shop-web-1",
        destinations=("198.51.100.7/32",),
        protocol="tcp",
        port=6379,
    )
    part = PART.model_copy(update={"admissions": (FROM_USERS,), "departures": (away,)})
    vim.connect(NETWORK, part, quiet)
    assert policies(site)[f"{NETWORK}-web-out"]["egress"] == [
        {
            "to": [{"ipBlock": {"cidr": "198.51.100.7/32"}}],
            "ports": [{"protocol": "TCP", "port": 6379}],
        }
    ]
    assert vim.unconnected(NETWORK, part) == ()


def test_packets_come_from_the_nodes_or_the_addresses_of_their_pods(
    vim: ConnectedVim, site: KubernetesSite
) -> None:
    made = vim.read("shop-web-1")
    pods = [each["status"] for each in site.api.list("Pod", site.namespace())]
    assert made and pods
    for pod in pods:
        assert f"{pod['hostIP']}/32" in made.sources
        assert any(ip_address(pod["podIP"]) in ip_network(each) for each in made.sources)


def test_a_link_that_goes_takes_its_policies_along(vim: ConnectedVim, site: KubernetesSite) -> None:
    vim.connect(NETWORK, PART, quiet)
    less = PART.model_copy(update={"admissions": (FROM_USERS,)})
    vim.connect(NETWORK, less, quiet)
    assert set(policies(site)) == {"closed", f"{NETWORK}-web-in"}
    assert vim.unconnected(NETWORK, less) == ()
    vim.disconnect(NETWORK, quiet)
    vim.disconnect(NETWORK, quiet)
    assert set(policies(site)) == {"closed"}
    assert vim.networks() == frozenset()


def test_drift_is_told_and_mended(vim: ConnectedVim, site: KubernetesSite) -> None:
    vim.connect(NETWORK, PART, quiet)
    space = site.namespace()
    site.api.delete("NetworkPolicy", space, f"{NETWORK}-db-in")
    site.api.delete("NetworkPolicy", space, "closed")
    words = " ".join(vim.unconnected(NETWORK, PART))
    assert f"{NETWORK}-db-in is missing" in words and "closed is missing" in words
    vim.connect(NETWORK, PART, quiet)
    vim.create(spec(), quiet)
    assert vim.unconnected(NETWORK, PART) == ()
    theirs: Object = {"spec": {"ingress": [{}]}}
    site.api.merge("NetworkPolicy", space, f"{NETWORK}-db-in", theirs)
    assert "has been changed" in " ".join(vim.unconnected(NETWORK, PART))


def test_an_instance_that_is_gone_is_told(vim: ConnectedVim) -> None:
    vim.connect(NETWORK, PART, quiet)
    vim.delete("shop-db-1", quiet)
    assert "instance shop-db-1 is not there" in vim.unconnected(NETWORK, PART)


def test_packets_cannot_be_steered(vim: ConnectedVim) -> None:
    hop = ChainHop(ports=(("shop-web-1", "http", "http"),))
    part = PART.model_copy(update={"chains": (ServiceChain(name="shopping-1", hops=(hop,)),)})
    with pytest.raises(VimRefusedError, match=r"berlin.*steer.*shopping-1"):
        vim.connect(NETWORK, part, quiet)
    assert vim.networks() == frozenset()


def test_pings_cannot_be_admitted(vim: ConnectedVim) -> None:
    ping = TO_DB.model_copy(update={"protocol": "icmp", "port": None})
    with pytest.raises(VimRefusedError, match="ICMP"):
        vim.connect(NETWORK, PART.model_copy(update={"admissions": (ping,)}), quiet)


def test_a_connect_whose_answer_was_lost_is_repeated(kubeconfig: Path, tmp_path: Path) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open()
        assert isinstance(vim, ConnectedVim)
        vim.create(spec(), quiet)
        part = PART.model_copy(update={"admissions": (FROM_USERS,)})
        proxy.add(Fault(method="PATCH", path=NETWORK, lose_answer=True, times=1))
        with pytest.raises(VimUnavailableError, match=NETWORK):
            vim.connect(NETWORK, part, quiet)
        vim.connect(NETWORK, part, quiet)
        assert vim.unconnected(NETWORK, part) == ()
        proxy.add(Fault(method="DELETE", path=NETWORK, lose_answer=True, times=1))
        with pytest.raises(VimUnavailableError):
            vim.disconnect(NETWORK, quiet)
        vim.disconnect(NETWORK, quiet)
        assert vim.networks() == frozenset()


def test_the_last_instance_takes_what_connected_it_along(vim: ConnectedVim, site: KubernetesSite) -> None:
    vim.connect(NETWORK, PART, quiet)
    for name in ("shop-web-1", "shop-db-1"):
        vim.delete(name, quiet)
    assert site.leftovers() == []
    assert vim.networks() == frozenset()
    vim.disconnect(NETWORK, quiet)
