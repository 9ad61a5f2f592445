"""Services that run on modelled PoPs, and what operations aim at: for the tests of planning."""

from collections.abc import Mapping
from copy import copy
from typing import Any
from zlib import crc32

from catalogue.documents import read_descriptor
from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.infrastructure import Infrastructure, Resources
from domain.lifecycle import AnyRequest, PlanRequest
from domain.names import OperationKind
from domain.steering import ImageTraits, PlanOrder, Survey
from placement.solve import place
from placement.topology import Usage
from planning.deployed import deployed
from planning.in_place import to_be_counted
from planning.target import Target
from planning.targets import target

SHOP = """\
api_version: interlace/v1
kind: Service
name: shop
version: 1.0.0
endpoints:
  users: {pop: north}
components:
  firewall:
    kind: vnf
    image: firewall:1
    resources: {vcpus: 1, memory: 1 GiB}
    requires: [dpdk]
    connection_points: [outside, inside]
    scaling: {min: 1, max: 2}
  balancer:
    kind: vnf
    image: balancer:1
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [front, back]
    config: {backends: "${web.addresses}", log: short}
  web:
    kind: microservice
    image: web:1
    instances: 2
    scaling: {min: 1, max: 4}
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [http, data]
    environment: {DATABASE: "${database.address}", LOG: short}
  database:
    kind: microservice
    image: database:1
    resources: {vcpus: 2, memory: 4 GiB}
    connection_points: [sql]
links:
  access: {between: [users, firewall.outside], bandwidth: 20 Mbit/s}
  clean: {between: [firewall.inside, balancer.front], bandwidth: 20 Mbit/s}
  pages: {between: [balancer.back, web.http], bandwidth: 20 Mbit/s}
  queries: {between: [web.data, database.sql], bandwidth: 10 Mbit/s}
chains:
  shopping:
    path: [users, firewall.outside, firewall.inside, balancer.front, balancer.back, web.http]
placement:
  anti_affinity: [[web]]
  rules: [{components: [database], forbidden_regions: [outback]}]
"""


def descriptor(*changes: tuple[str, str], text: str = SHOP) -> Descriptor:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return read_descriptor(text.encode(), "shop.yaml")


def newer(*changes: tuple[str, str], version: str = "2.0.0") -> Descriptor:
    return descriptor(("version: 1.0.0", f"version: {version}"), *changes)


def infrastructure(kind: str = "modelled", **vcpus: int) -> Infrastructure:
    """North, south, west and east, each dearer than the one before; north and south have dpdk."""
    regions = {"north": "town", "south": "town", "west": "town", "east": "outback"}
    pops = {
        name: {
            "vim": {"kind": kind},
            "region": regions[name],
            "capacity": {"vcpus": vcpus.get(name, 16), "memory": "64 GiB", "disk": "100 GiB"},
            "capabilities": ["dpdk"] if name in ("north", "south") else [],
            "prices": {"vcpu_hour": price},
        }
        for name, price in zip(regions, (0.01, 0.02, 0.03, 0.04), strict=True)
    }
    ring = [("north", "south"), ("south", "west"), ("west", "east"), ("east", "north")]
    links = {f"{a}-{b}": {"between": [a, b], "bandwidth": "1 Gbit/s", "latency": "2 ms"} for a, b in ring}
    document = {"api_version": "interlace/v1", "kind": "Infrastructure", "pops": pops, "links": links}
    return Infrastructure.model_validate(document)


HERE = infrastructure()


def changed(where: Infrastructure, pop: str, **fields: Any) -> Infrastructure:
    """The infrastructure with another PoP of that name."""
    other = where.pops[pop].model_copy(update=fields)
    return where.model_copy(update={"pops": {**where.pops, pop: other}})


def usage_of(running: Deployment | None, taken: Usage) -> Usage:
    """What the catalogue would count of it, and what others have taken."""
    pops, links = dict(taken.pops), dict(taken.links)
    for one in running.instances if running else ():
        pops[one.pop] = pops.get(one.pop, Resources.of(0, 0, 0)) + one.resources
    for route in running.plan.routes if running else ():
        for name in route.physical_links:
            links[name] = links.get(name, 0.0) + route.bandwidth_mbps
    return Usage(pops=pops, links=links)


def committed(deployment: Deployment) -> Deployment:
    """With the addresses that the VIMs would have given what was built."""
    present = deployment.model_copy(
        update={
            "instances": tuple(
                one.model_copy(update={"addresses": _addresses(one.resource, deployment, one.component)})
                if not one.addresses
                else one
                for one in deployment.instances
            )
        }
    )
    return present


def _addresses(resource: str, deployment: Deployment, component: str) -> dict[str, str]:
    points = POINTS.get(component, ("users",))
    return {point: f"10.{crc32(resource.encode()) % 250}.{number}.1" for number, point in enumerate(points)}


POINTS = {name: each.connection_points for name, each in descriptor().components.items()}


class Shop:
    """A deployment that runs, and the operations on it."""

    def __init__(
        self,
        described: Descriptor | None = None,
        where: Infrastructure = HERE,
        **request: Any,
    ) -> None:
        self.described = described or descriptor()
        self.where = where
        self.turn = 1
        self.running: Deployment | None = None
        self.running = committed(self.deployed(OperationKind.INSTANTIATE, descriptor="shop", **request))
        self.turn = 2

    @property
    def now(self) -> Deployment:
        assert self.running is not None
        return self.running

    @property
    def plan_id(self) -> str:
        return f"plan-{self.turn:08d}"

    @property
    def places(self) -> dict[str, str]:
        return self.now.plan.placements

    def target(
        self,
        kind: OperationKind,
        to: Descriptor | None = None,
        survey: Survey | None = None,
        avoid: Mapping[str, frozenset[str]] | None = None,
        **request: Any,
    ) -> Target:
        """What a request aims at."""
        fields = {"service": "s1", **request}
        parsed = self.request(kind, **request)
        order = PlanOrder(
            plan_id=self.plan_id,
            kind=kind,
            request=fields,
            survey=survey or Survey(),
            avoid=dict(avoid or {}),
        )
        present = self.described if self.running else None
        return target(order, parsed, self.running, to or self.described, self.where, present=present)

    def request(self, kind: OperationKind, **fields: Any) -> AnyRequest:
        """An operation's request."""
        return PlanRequest(kind=kind, request={"service": "s1", **fields}).parsed()

    def deployed(self, kind: OperationKind, taken: Usage | None = None, **request: Any) -> Deployment:
        """What comes of a request, while others have `taken` something."""
        return self.placed(self.target(kind, **request), taken or Usage())

    def placed(self, aim: Target, taken: Usage) -> Deployment:
        """What comes of an aim."""
        aim = Target.model_validate_json(aim.model_dump_json())
        world = aim.world(self.where)
        if aim.rehosted:
            return self.now
        used = usage_of(self.running, taken)
        usage = Usage(pops=to_be_counted(used.pops, aim, self.running), links=used.links)
        plan = place(aim.asked, world, usage, standing=aim.standing)
        kinds = {name: pop.vim.kind for name, pop in self.where.pops.items()}
        return deployed(aim, plan, self.running, self.plan_id, kinds)

    def after(self, kind: OperationKind, to: Descriptor | None = None, **request: Any) -> "Shop":
        """The shop when the operation is over."""
        other = self.on(self.where)
        other.described, other.turn = to or self.described, self.turn + 1
        other.running = committed(self.deployed(kind, to=to, **request))
        return other

    def on(self, where: Infrastructure) -> "Shop":
        """The same on an infrastructure that has changed."""
        other = copy(self)
        other.where = where
        return other

    def edited(self, instance: str, **fields: Any) -> "Shop":
        """The shop with one instance as an operator edited it."""
        other = copy(self)
        parts = tuple(
            one.model_copy(update=fields) if one.name == instance else one for one in self.now.instances
        )
        other.running = self.now.model_copy(update={"instances": parts})
        return other

    def rebuilt(self, after: Deployment) -> set[str]:
        """What is built anew or at all."""
        return {one.name for one in after.instances if one.resource not in self.now.resources.values()}

    def ailing(self, *names: str, **silent: str) -> Survey:
        """What VIMs would say if these were ill."""
        resources = self.now.resources
        return Survey(ailments={resources[name]: "its process ended" for name in names}, silent=silent)


def single(image: str) -> Survey:
    return Survey(traits={image: ImageTraits(single=True)})
