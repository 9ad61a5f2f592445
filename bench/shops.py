"""What runs on the measured lab: three PoPs in a line, a shop of six instances, four web servers far away."""

from itertools import pairwise
from pathlib import Path

from catalogue.documents import read_descriptor, read_infrastructure
from catalogue.store import Catalogue
from domain.descriptor import ComponentKind, HealthCheck
from domain.infrastructure import Resources
from domain.instances import InstanceSpec

POPS = ("north", "south", "west")
HOP_MS = 5.0
SHOP, PACKED, FAR = "secure-shop", "packed-shop", "far-web"
VISITORS, FAR_WEB = "visitors", "web-1"
_SECRET = "shop-database-password"
_EXAMPLE = Path(__file__).parents[1] / "examples" / "secure-shop.yaml"

_FAR = """
api_version: interlace/v1
kind: Service
name: far-web
version: 1.0.0
endpoints:
  visitors: {pop: north}
components:
  web:
    kind: microservice
    image: web:1.0
    instances: 4
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [http]
    health_check: {type: http, port: 8080, path: /healthz}
links:
  access: {between: [visitors, web.http], bandwidth: 100 Mbit/s}
placement:
  rules: [{components: [web], allowed_pops: [west]}]
"""


def load_into(catalogue: Catalogue, home: Path, datapath: str) -> None:
    """Apply the infrastructure, onboard both services and keep their secret.

    The shop is the example, with a third web server: no two of them share a PoP, so it spans all three.
    """
    _keep_secret(home)
    catalogue.infrastructure.apply(read_infrastructure(line(datapath).encode(), "bench"))
    shop = example().replace("instances: 2", "instances: 3")
    for text in (shop, _FAR):
        catalogue.descriptors.onboard(read_descriptor(text.encode(), "bench"))


def load_movable(catalogue: Catalogue, home: Path, datapath: str) -> None:
    """The example on PoPs that all suit its firewall, 2 ms apart; its chain takes pings too.

    A third web server of it needs the third PoP, that of the packed shop does not.
    """
    _keep_secret(home)
    pops = line(datapath, hop_ms=2.0, beyond="dpdk")
    catalogue.infrastructure.apply(read_infrastructure(pops.encode(), "bench"))
    shop = example().replace("classifier: {protocol: tcp}", "classifier: {}")
    packed = shop.replace(SHOP, PACKED).replace("anti_affinity: [[web]]", "anti_affinity: []")
    for text in (shop, packed):
        catalogue.descriptors.onboard(read_descriptor(text.encode(), "bench"))


def example() -> str:
    """The shop's descriptor."""
    return _EXAMPLE.read_text()


def small(number: int) -> InstanceSpec:
    """A web server that is on its own."""
    name = f"small-{number}"
    return InstanceSpec(
        name=name,
        pop=POPS[0],
        image="web:1.0",
        resources=Resources.of(1, 256, 1),
        kind=ComponentKind.MICROSERVICE,
        connection_points=("http",),
        health_check=HealthCheck(type="http", port=8080, path="/healthz"),
        tags={"service": "bench", "component": "small", "instance": name, "operation": "op", "tenant": "t"},
    )


def _keep_secret(home: Path) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / _SECRET).write_text("correct-horse-battery")


def line(datapath: str, hop_ms: float = HOP_MS, beyond: str = "plain") -> str:
    """North to south to west; what goes from end to end takes two hops.

    :param beyond: what the PoPs other than north are capable of
    """
    pops = [
        f"  {name}: {{vim: {{kind: emulator, settings: {{datapath: {datapath}}}}},"
        f" capacity: {{vcpus: 32, memory: 64 GiB, disk: 500 GiB}}, region: {name},"
        f" capabilities: [{'dpdk' if name == 'north' else beyond}],"
        f" location: {{latitude: {latitude}, longitude: 10.0}}, prices: {{vcpu_hour: 0.01}}}}"
        for name, latitude in zip(POPS, (53.5, 51.5, 49.5), strict=True)
    ]
    links = [
        f"  {a}-{b}: {{between: [{a}, {b}], bandwidth: 1 Gbit/s, latency: {hop_ms:g} ms,"
        " price_mbps_hour: 0.001}"
        for a, b in pairwise(POPS)
    ]
    head = ["api_version: interlace/v1", "kind: Infrastructure", "pops:"]
    return "\n".join([*head, *pops, "links:", *links])
