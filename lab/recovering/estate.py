"""What is operated on: two modelled PoPs whose tasks take a given time, and services of eight instances."""

from importlib.resources import files

import yaml

from catalogue.documents import read_descriptor, read_infrastructure
from catalogue.store import Catalogue

CHAIN, CREW = "recovering-chain", "recovering-crew"
"""Descriptors: each component after the one before; and one component of eight instances."""
_NORTH_PRICE, _SOUTH_PRICE = 0.01, 0.02


def furnish(catalogue: Catalogue, task_s: float) -> None:
    """Apply the infrastructure, and onboard the descriptors.

    :param task_s: how long each build, resize and move takes; it dies with its caller.
        0: nothing takes any time. May be applied again.
    """
    text = yaml.safe_dump(_infrastructure(task_s), sort_keys=False)
    catalogue.infrastructure.apply(read_infrastructure(text.encode(), "recovering.yaml"))
    for name in (f"{CHAIN}.yaml", f"{CREW}.yaml"):
        document = (files("lab.recovering") / name).read_bytes()
        catalogue.descriptors.onboard(read_descriptor(document, name))


def _infrastructure(task_s: float) -> dict[str, object]:
    prices = {"north": _NORTH_PRICE, "south": _SOUTH_PRICE}
    between = {"between": list(prices), "bandwidth": "1000 Gbit/s", "latency": "2 ms"}
    return {
        "api_version": "interlace/v1",
        "kind": "Infrastructure",
        "pops": {name: _pop(task_s, price) for name, price in prices.items()},
        "links": {"north-south": between},
    }


def _pop(task_s: float, price: float) -> dict[str, object]:
    takes = f"{round(task_s * 1000)} ms"
    delays = {f"{what}_delay": takes for what in ("create", "resize", "move")} if task_s else {}
    return {
        "vim": {"kind": "modelled", "settings": {**delays, "unattended": False}},
        "capacity": {"vcpus": 100_000, "memory": "100000 GiB", "disk": "100000 GiB"},
        "prices": {"vcpu_hour": price},
    }
