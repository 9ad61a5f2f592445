"""Topologies that are drawn on a plane: laid on the globe, so that places and lengths agree.

Gabriel graphs are synthetic, in km. Some of SNDlib are drawings without a scale (France is 451 units wide);
topohub gives their lengths as if the units were degrees. Here each unit is a km.
"""

from math import dist
from typing import Any

_KM_PER_DEGREE = 111.195
"""Along a great circle, on a sphere with a radius of 6,371 km."""


def is_plane(topology: str, nodes: list[dict[str, Any]]) -> bool:
    """Whether the positions of nodes, (x, y), are no longitudes and latitudes."""
    return topology.startswith("gabriel/") or any(
        abs(x) > 180 or abs(y) > 90 for x, y in (node["pos"] for node in nodes)
    )


def on_the_globe(found: dict[str, Any]) -> dict[str, Any]:
    """The topology about 0° N 0° E, where a degree of longitude is as long as one of latitude.

    :param found: nodes with `pos` in km, edges
    """
    at = {node["id"]: node["pos"] for node in found["nodes"]}
    middle = [(min(each) + max(each)) / 2 for each in zip(*at.values(), strict=True)]
    nodes = [{**node, "pos": _degrees(node["pos"], middle)} for node in found["nodes"]]
    edges = [{**edge, "dist": dist(at[edge["source"]], at[edge["target"]])} for edge in found["edges"]]
    return {**found, "nodes": nodes, "edges": edges}


def _degrees(position: list[float], middle: list[float]) -> list[float]:
    return [round((km - zero) / _KM_PER_DEGREE, 6) for km, zero in zip(position, middle, strict=True)]
