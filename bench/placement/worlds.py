"""Infrastructures from real topologies by lab/topologies.py, with prices by seed and a part in use."""

import random
from dataclasses import dataclass
from typing import Any, Literal

from domain.infrastructure import Infrastructure, Resources
from lab.topologies import generate
from placement.topology import Usage

Tightness = Literal["loose", "tight"]
TIGHTNESSES: tuple[Tightness, ...] = ("loose", "tight")

TOPOLOGIES: dict[int, tuple[str, ...]] = {
    22: ("sndlib/geant",),
    50: ("sndlib/germany50",),
    100: ("caida/2024-08/6830", "caida/2024-08/5617"),
    200: ("caida/2024-08/701", "backbone/north_america_nosc"),
    778: ("backbone/emea_nosc",),
}
"""Size class -> topologies of topohub: 22, 50, 97 and 95, 211 and 225, 778 PoPs; no real one has 100."""

_IN_USE: dict[Tightness, tuple[float, float]] = {"loose": (0.0, 0.5), "tight": (0.6, 0.98)}
_PRICE_FACTORS = (0.6, 1.6)


@dataclass(frozen=True)
class World:
    """Where to place, and what is taken of it."""

    infrastructure: Infrastructure
    usage: Usage


def world(topology: str, tightness: Tightness, seed: int) -> World:
    """The same for the same arguments; prices do not depend on the tightness."""
    infrastructure = priced(topology, seed)
    dice = random.Random(f"usage {topology} {tightness} {seed}")
    return World(infrastructure, _usage(infrastructure, _IN_USE[tightness], dice))


def priced(topology: str, seed: int) -> Infrastructure:
    """The topology with each price between 0.6 and 1.6 times that of lab/topologies.py."""
    dice = random.Random(f"prices {topology} {seed}")
    document = generate(topology)
    for pop in document["pops"].values():
        _vary(pop["prices"], dice)
    for link in document["links"].values():
        link["price_mbps_hour"] = round(link["price_mbps_hour"] * dice.uniform(*_PRICE_FACTORS), 7)
    return Infrastructure.model_validate(document)


def _vary(prices: dict[str, Any], dice: random.Random) -> None:
    for name, price in prices.items():
        prices[name] = round(price * dice.uniform(*_PRICE_FACTORS), 6)


def _usage(infrastructure: Infrastructure, shares: tuple[float, float], dice: random.Random) -> Usage:
    return Usage(
        pops={name: _part(pop.capacity, dice.uniform(*shares)) for name, pop in infrastructure.pops.items()},
        links={
            name: round(link.bandwidth * dice.uniform(*shares), 1)
            for name, link in infrastructure.links.items()
        },
    )


def _part(capacity: Resources, share: float) -> Resources:
    return Resources.of(
        round(capacity.vcpus * share), round(capacity.memory * share), round(capacity.disk * share)
    )
