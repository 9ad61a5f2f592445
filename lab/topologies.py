"""An infrastructure document from a public topology (topohub: SNDlib, Topology Zoo, backbones, CAIDA).

The topology gives names, coordinates and link lengths (where it is a plane's: lab/planes.py); latency is
length / (200 km/ms), the speed of light in fibre. Capacities, capabilities and prices are in no public
topology: they are assigned here by rule.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import topohub

from domain.errors import InputError, UnknownError
from domain.spelling import perhaps
from lab.planes import is_plane, on_the_globe

_KM_PER_MS = 200.0
_SMALL = {"vcpus": 16, "memory": "32 GiB", "disk": "500 GiB"}
_LARGE = {"vcpus": 64, "memory": "128 GiB", "disk": "4 TiB"}
_NOTHING = {"vcpus": 0, "memory": "0 MiB"}
_UNNAMED = "waypoint"
"""What topologies give no name, such as the bends of sea cables: links meet there, and nothing runs."""


def generate(topology: str, create_delay: str | None = None, vim: str = "modelled") -> dict[str, Any]:
    """The document as plain data, ready to be written as YAML.

    :param create_delay: how long each instance takes to be made; only the modelled VIM has such a setting
    :param vim: the kind of every PoP's VIM

    PoPs with a degree of 4 or more are large, cheap and offer dpdk; the others are small, and cost half more;
    those without a name in the topology have no capacity.
    Regions are quarters by the median coordinates: north or south.

    :raises InputError: if that kind of VIM has no create_delay
    :raises UnknownError: if topohub has no such topology
    """
    settings = _settings(vim, create_delay)
    found = _load(topology)
    names = _names(found["nodes"])
    degrees = {node["id"]: 0 for node in found["nodes"]}
    for edge in found["edges"]:
        degrees[edge["source"]] += 1
        degrees[edge["target"]] += 1
    middle = sorted(node["pos"][1] for node in found["nodes"])[len(found["nodes"]) // 2]
    return {
        "api_version": "interlace/v1",
        "kind": "Infrastructure",
        "currency": "EUR",
        "pops": {
            names[node["id"]]: _pop(node, degrees[node["id"]] >= 4, middle, {"kind": vim, **settings})
            for node in found["nodes"]
        },
        "links": _links(found["edges"], names),
    }


def _settings(vim: str, create_delay: str | None) -> dict[str, Any]:
    if create_delay is None:
        return {}
    if vim != "modelled":
        raise InputError(
            f"a VIM of kind {vim} takes the time that it takes: create_delay is for modelled ones"
        )
    return {"settings": {"create_delay": create_delay}}


def _load(topology: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = topohub.get(topology)
    except (KeyError, FileNotFoundError, OSError) as error:
        meant = perhaps(topology, _known()) or "for example sndlib/germany50, topozoo/Geant2012"
        raise UnknownError(f"topohub has no topology {topology!r}; {meant}") from error
    return on_the_globe(found) if is_plane(topology, found["nodes"]) else found


def _known() -> Iterator[str]:
    data = Path(topohub.__file__).parent / "data"
    yield from (str(file.relative_to(data).with_suffix("")) for file in data.rglob("*.json"))


def _names(nodes: list[dict[str, Any]]) -> dict[int, str]:
    names: dict[int, str] = {}
    for node in nodes:
        ascii_text = (
            unicodedata.normalize("NFKD", node.get("name") or _UNNAMED)
            .encode("ascii", "ignore")
            .decode()
            .lower()
        )
        name = re.sub(r"[^a-z0-9]+", "-", ascii_text).strip("-")[:40] or "pop"
        names[node["id"]] = f"{name}-{node['id']}" if name in names.values() else name
    return names


def _pop(node: dict[str, Any], large: bool, middle: float, vim: dict[str, Any]) -> dict[str, Any]:
    longitude, latitude = node["pos"]
    pop: dict[str, Any] = {
        "vim": dict(vim),
        "location": {"latitude": latitude, "longitude": longitude},
        "region": "north" if latitude >= middle else "south",
        "capacity": dict(_LARGE if large else _SMALL),
        "prices": {
            "vcpu_hour": 0.04 if large else 0.06,
            "memory_gib_hour": 0.005,
            "disk_gib_hour": 0.0001,
        },
    }
    if not node.get("name"):
        pop["capacity"] = dict(_NOTHING)
    elif large:
        pop["capabilities"] = ["dpdk"]
    return pop


def _links(edges: list[dict[str, Any]], names: dict[int, str]) -> dict[str, Any]:
    """Named by their ends; where that is no name or is given already, by a number too."""
    links: dict[str, Any] = {}
    for number, edge in enumerate(edges):
        one, other = names[edge["source"]], names[edge["target"]]
        name = f"{one}--{other}"[:63].strip("-")
        if name in links:
            name = f"{name[:50]}-{number}"
        links[name] = {
            "between": [one, other],
            "bandwidth": "10 Gbit/s",
            "latency": f"{edge['dist'] / _KM_PER_MS:.3f} ms",
            "price_mbps_hour": round(0.0001 + edge["dist"] * 1e-6, 6),
        }
    return links
