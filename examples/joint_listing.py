"""What the clouds of the joint example hold, asked by their own clients, beside Interlace."""

import os
from typing import Any

from examples.demo_shell import MORE, DemoError
from examples.joint_clouds import depot

CLOUDS = {"berlin": "pop1-tenant", "paris": "pop2-tenant"}
_PREFIX = "shop"


def listed() -> dict[str, list[str]]:
    """PoP -> what of the shop is there."""
    found = {pop: _openstack(cloud) for pop, cloud in CLOUDS.items()}
    return {**found, "cluster": _kubernetes(), "depot": _terraform()}


def delete_server(pop: str, prefix: str) -> None:
    """As an operator would who takes it for somebody else's."""
    connection = _connection(CLOUDS[pop])
    server = next((each for each in connection.compute.servers() if each.name.startswith(prefix)), None)
    if server is None:
        raise DemoError(f"no server {prefix}* at {pop}")
    connection.compute.delete_server(server)
    connection.compute.wait_for_delete(server, interval=0.5, wait=60)
    print(f"deleted {server.name} with openstacksdk")


def _connection(cloud: str) -> Any:
    import openstack

    os.environ.update(MORE)
    return openstack.connect(cloud=cloud)


def _openstack(cloud: str) -> list[str]:
    """Servers, and networks, ports, groups and chains that are tagged as ours."""
    connection = _connection(cloud)
    servers = [f"server {each.name} {each.status}" for each in connection.compute.servers()]
    network = connection.network
    kinds = {
        "network": network.networks(project_id=connection.current_project_id),
        "port": network.ports(project_id=connection.current_project_id),
        "security group": network.security_groups(project_id=connection.current_project_id),
        "router": network.routers(project_id=connection.current_project_id),
        "port chain": network.sfc_port_chains(),
        "port pair": network.sfc_port_pairs(),
        "flow classifier": network.sfc_flow_classifiers(),
    }
    rest = {kind: sum(1 for each in found if each.name != "default") for kind, found in kinds.items()}
    return [*sorted(servers), *(f"{number} {kind}s" for kind, number in rest.items() if number)]


def _kubernetes() -> list[str]:
    import kubernetes

    client: Any = kubernetes
    client.config.load_kube_config(MORE["KUBECONFIG"], context="lab")
    api = client.client.CoreV1Api()
    ours = [each.metadata.name for each in api.list_namespace().items if _PREFIX in each.metadata.name]
    pods = [each for name in ours for each in api.list_namespaced_pod(name).items]
    return [
        *(f"pod {each.metadata.name} {each.status.phase}" for each in pods),
        *(f"namespace {name}" for name in ours),
    ]


def _terraform() -> list[str]:
    """What the lab's cloud says that it runs."""
    return [f"server {each['name']}" for each in depot().cloud.servers()]
