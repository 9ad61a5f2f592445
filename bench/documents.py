"""What is measured: a service of five components on a public topology whose VIMs take no time."""

import json
from typing import Any

from catalogue.documents import read_descriptor, read_infrastructure
from catalogue.store import Catalogue
from lab.topologies import generate

TOPOLOGY = "topozoo/Abilene"
DESCRIPTOR = "bench-shop"
COMPONENTS = 5
_ROOMY = {"vcpus": 4000, "memory": "8 TiB", "disk": "400 TiB"}

_SHOP = """
api_version: interlace/v1
kind: Service
name: bench-shop
version: 1.0.0
components:
  firewall:
    {kind: vnf, image: f:1, resources: {vcpus: 1, memory: 1 GiB}, connection_points: [outside, inside]}
  balancer:
    kind: vnf
    image: b:1
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [front, back]
    config: {backends: "${web.addresses}"}
  web:
    kind: microservice
    image: w:1
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [http, data, cached]
    environment: {DATABASE: "${database.address}"}
  cache:
    {kind: microservice, image: c:1, resources: {vcpus: 1, memory: 1 GiB}, connection_points: [get]}
  database:
    {kind: microservice, image: d:1, resources: {vcpus: 2, memory: 2 GiB}, connection_points: [sql]}
links:
  filtered: {between: [firewall.inside, balancer.front], bandwidth: 10 Mbit/s}
  pages: {between: [balancer.back, web.http], bandwidth: 10 Mbit/s}
  hits: {between: [web.cached, cache.get], bandwidth: 5 Mbit/s}
  queries: {between: [web.data, database.sql], bandwidth: 5 Mbit/s, latency: 30 ms}
placement:
  anti_affinity: [[firewall, database]]
"""


def load_into(catalogue: Catalogue) -> None:
    """Apply the infrastructure, with room for every service of a run, and onboard the descriptor."""
    document: dict[str, Any] = generate(TOPOLOGY)
    for pop in document["pops"].values():
        pop["capacity"] = dict(_ROOMY)
    catalogue.infrastructure.apply(read_infrastructure(json.dumps(document).encode(), "bench"))
    catalogue.descriptors.onboard(read_descriptor(_SHOP.encode(), "bench"))
