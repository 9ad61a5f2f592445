"""The model of OSM's placement module PLA, written anew from its documents, for MiniZinc.

OSM PLA design specification and user's guide (osm/PLA, docs): each VNF has a price at each VIM, each pair
of VIMs a price and a latency (its "PoP interconnecting links"); each virtual link may bound its latency;
VNFs may be pinned; the sum of prices is least. It has no capacities, bandwidths, end-to-end latency,
capabilities, regions, affinity nor ways. Here, pairs of PoPs without a link between them have the price and
the latency of the cheapest way, prices of links count by the service's mean bandwidth, ways are the
cheapest ones afterwards, and the checker counts what all that breaks.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

import networkx as nx

from bench.placement.cases import Task
from bench.placement.drafts import Draft
from domain.errors import InfeasibleError, TemporaryError
from domain.plans import GraphLink, Plan
from domain.pricing import instance_cost

PROGRAM = "minizinc"
PACKAGE = "minizinc"

_SCALE = 10_000
"""It counts in integers: of the currency per hour, and of milliseconds by a hundred."""
_MS = 100
_NEVER = 10**8

_Pairs = tuple[list[list[int]], list[list[int]]]
"""Price and latency, from VIM to VIM."""


def installed() -> bool:
    """Whether minizinc and a solver for it are here."""
    return shutil.which(PROGRAM) is not None and shutil.which("fzn-gecode") is not None


class Pla:
    """The module with its price list, which is there before any service is asked for."""

    def __init__(self) -> None:
        self._pairs: _Pairs = ([], [])

    def prepare(self, task: Task) -> None:
        """Price and latency between each pair of VIMs: in OSM they are there, given by hand."""
        self._pairs = _pairs(task)

    def place(self, task: Task, time_limit_s: float) -> Plan:
        """Its own optimum, as one of our plans.

        :raises InfeasibleError: if Gecode proves that there is none, or no ways join what it has placed
        :raises TemporaryError: if the time ran out
        """
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "pla.mzn"
            model.write_text(_model(task, self._pairs))
            output = _solved(model, time_limit_s)
        return _plan(task, output)


def _plan(task: Task, output: str) -> Plan:
    draft, pops = Draft.of(task), list(task.infrastructure.pops)
    for line in output.splitlines():
        if line.startswith("at "):
            _, number, chosen = line.split()
            draft.put(task.graph.instances[int(number)].name, pops[int(chosen) - 1])
    for link in task.graph.links:
        route = draft.way(link, heed=False)
        if route is None:
            raise InfeasibleError(f"no way for {link.name}")
        draft.lead(route)
    return draft.plan("pla")


def _solved(model: Path, time_limit_s: float) -> str:
    command = [PROGRAM, "--solver", "gecode", str(model)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, complaint = process.communicate(timeout=time_limit_s)
    except subprocess.TimeoutExpired as late:
        process.terminate()  # it ends its solver, too
        process.communicate()
        raise TemporaryError(f"{PROGRAM} did not end within {time_limit_s:g} s") from late
    if "=====UNSATISFIABLE=====" in output:
        raise InfeasibleError("PLA's model has no solution")
    if "==========" not in output:
        raise TemporaryError(f"{PROGRAM}: {complaint[-200:]}")
    return output


def _model(task: Task, pairs: _Pairs) -> str:
    ends = _ends(task)
    numbers = range(len(task.graph.instances))
    transport = [f"way_price[{ends[one]}, {ends[other]}]" for one, other in _joined(task)]
    compute = [f"price{number}[at{number}]" for number in numbers]
    shown = ", ".join(f'"at {number} \\(at{number})\\n"' for number in numbers)
    return "\n".join(
        [
            f"set of int: VIMS = 1..{len(task.infrastructure.pops)};",
            _matrix("way_price", pairs[0]),
            _matrix("latency", pairs[1]),
            *(f"array[VIMS] of int: price{number} = {_prices(task, number)};" for number in numbers),
            *(f"var VIMS: at{number};" for number in numbers),
            *(
                f"constraint latency[{ends[link.ends[0]]}, {ends[link.ends[1]]}] <= {limit};"
                for link, limit in _limits(task)
            ),
            f"var int: total = {' + '.join([*transport, *compute])};",
            "solve minimize total;",
            f"output [{shown}];\n",
        ]
    )


def _limits(task: Task) -> list[tuple[GraphLink, int]]:
    return [(link, int(link.latency_ms * _MS)) for link in task.graph.links if link.latency_ms is not None]


def _joined(task: Task) -> list[tuple[str, str]]:
    return [link.ends for link in task.graph.links]


def _ends(task: Task) -> dict[str, str]:
    """Instance -> its variable, endpoint -> the number of its PoP: it is pinned."""
    pops = list(task.infrastructure.pops)
    pinned = {end: str(pops.index(pop) + 1) for end, pop in Draft.of(task).where.items()}
    return pinned | {part.name: f"at{number}" for number, part in enumerate(task.graph.instances)}


def _prices(task: Task, number: int) -> list[int]:
    part, where = task.graph.instances[number], task.infrastructure
    return [
        round(instance_cost(part.resources, part.licences, pop, where) * _SCALE)
        for pop in where.pops.values()
    ]


def _pairs(task: Task) -> _Pairs:
    """Price and latency of the cheapest way between each pair of PoPs."""
    pops = list(task.infrastructure.pops)
    mean = sum(link.bandwidth_mbps for link in task.graph.links) / max(1, len(task.graph.links))
    ways = nx.Graph()
    for link in task.infrastructure.links.values():
        ways.add_edge(*link.between, price=link.price_mbps_hour, latency=link.latency)
    prices, latencies = [], []
    for pop in pops:
        reached, trees = nx.single_source_dijkstra(ways, pop, weight="price")
        prices.append(
            [round(reached[other] * mean * _SCALE) if other in reached else _NEVER for other in pops]
        )
        latencies.append([_latency(ways, trees.get(other)) for other in pops])
    return prices, latencies


def _latency(ways: nx.Graph, pops: list[str] | None) -> int:
    return _NEVER if pops is None else round(nx.path_weight(ways, pops, "latency") * _MS)


def _matrix(name: str, rows: list[list[int]]) -> str:
    text = "\n|".join(",".join(map(str, row)) for row in rows)
    return f"array[VIMS, VIMS] of int: {name} = [|{text}|];"
