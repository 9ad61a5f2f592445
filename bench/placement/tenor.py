"""The service mapping of T-NOVA's TeNOR, written anew from its description: an integer program for GLPK.

T-NOVA deliverable D3.3 "Service Mapping" and the orchestrator TeNOR (service-mapper): VNFs go to PoPs,
links between them to ways, under capacities of PoPs and links and delays of paths; a weighted sum of cost,
delay and link usage, each by its largest possible sum, is least. It has no capabilities, regions, affinity,
nor prices of links: so its weights are chosen here such that link usage counts what a Mbit/s costs over a
mean link, and the checker counts what its answer breaks. Each direction of a link has the link's capacity
for itself; of parallel links it knows one.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench.placement.cases import Task
from bench.placement.drafts import Draft
from domain.errors import InfeasibleError, TemporaryError
from domain.plans import GraphLink, Plan, Route
from domain.pricing import instance_cost

PROGRAM = "glpsol"
PACKAGE = "glpk-utils"

_KINDS = ("vcpus", "memory", "disk")
_Row = tuple[str | float, ...]

_MODEL = """
set POPS; set WIRES within POPS cross POPS;
set FUNCTIONS; set LINKS within FUNCTIONS cross FUNCTIONS;
set PATHS; set ON{PATHS} within LINKS;
set KINDS;
param room{POPS, KINDS}; param need{FUNCTIONS, KINDS};
param mbps{WIRES}; param asked{LINKS};
param delay{WIRES}; param allowed{PATHS};
param price{FUNCTIONS, POPS}; param pinned{FUNCTIONS, POPS}, default 0;
param alpha; param beta; param gamma;
param all_price := sum{f in FUNCTIONS, p in POPS} price[f,p];
param all_delay := sum{w in PATHS, (f,g) in ON[w], (p,q) in WIRES} delay[p,q];
param all_usage := sum{(p,q) in WIRES, (f,g) in LINKS} asked[f,g];
var at{FUNCTIONS, POPS}, binary;
var over{LINKS, WIRES}, binary;
minimize total:
    alpha * (if all_price = 0 then 0 else sum{f in FUNCTIONS, p in POPS} price[f,p] * at[f,p] / all_price)
  + beta * (if all_delay = 0 then 0 else
        sum{w in PATHS, (f,g) in ON[w], (p,q) in WIRES} delay[p,q] * over[f,g,p,q] / all_delay)
  + gamma * (if all_usage = 0 then 0 else
        sum{(p,q) in WIRES, (f,g) in LINKS} asked[f,g] * over[f,g,p,q] / all_usage);
s.t. once{f in FUNCTIONS}: sum{p in POPS} at[f,p] = 1;
s.t. flow{p in POPS, (f,g) in LINKS}:
    sum{(p,q) in WIRES} over[f,g,p,q] - sum{(q,p) in WIRES} over[f,g,q,p] = at[f,p] - at[g,p];
s.t. in_time{w in PATHS}: sum{(f,g) in ON[w], (p,q) in WIRES} delay[p,q] * over[f,g,p,q] <= allowed[w];
s.t. on_wires{(p,q) in WIRES}: sum{(f,g) in LINKS} asked[f,g] * over[f,g,p,q] <= mbps[p,q];
s.t. in_pops{p in POPS, k in KINDS}: sum{f in FUNCTIONS} need[f,k] * at[f,p] <= room[p,k];
s.t. stay{f in FUNCTIONS, p in POPS: pinned[f,p] > 0}: at[f,p] >= pinned[f,p];
solve;
printf{f in FUNCTIONS, p in POPS: at[f,p] > 0.5} "at %s %s\\n", f, p;
printf{(f,g) in LINKS, (p,q) in WIRES: over[f,g,p,q] > 0.5} "over %s %s %s %s\\n", f, g, p, q;
end;
"""


def installed() -> bool:
    """Whether glpsol is here."""
    return shutil.which(PROGRAM) is not None


def place(task: Task, time_limit_s: float) -> Plan:
    """Its own optimum, as one of our plans.

    :raises InfeasibleError: if GLPK proves that there is none
    :raises TemporaryError: if the time ran out
    """
    wires = _wires(task)
    with tempfile.TemporaryDirectory() as folder:
        model, data = Path(folder) / "tenor.mod", Path(folder) / "case.dat"
        model.write_text(_MODEL)
        data.write_text(_data(task, wires))
        output = _solved(model, data, time_limit_s)
    return _plan(task, wires, output)


def _solved(model: Path, data: Path, time_limit_s: float) -> str:
    command = [PROGRAM, "--math", str(model), "--data", str(data), "--tmlim", str(max(1, int(time_limit_s)))]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=time_limit_s, check=False)
    except subprocess.TimeoutExpired as late:
        raise TemporaryError(f"{PROGRAM} did not end within {time_limit_s:g} s") from late
    if "HAS NO PRIMAL FEASIBLE SOLUTION" in done.stdout or "HAS NO INTEGER FEASIBLE" in done.stdout:
        raise InfeasibleError("TeNOR's model has no solution")
    if "INTEGER OPTIMAL SOLUTION FOUND" not in done.stdout:
        raise TemporaryError(f"{PROGRAM}: {done.stdout[-200:]}")
    return done.stdout


def _wires(task: Task) -> dict[tuple[str, str], str]:
    """(from PoP, to PoP) -> physical link, the widest of parallel ones."""
    found: dict[tuple[str, str], str] = {}
    free = Draft.of(task).free_mbps
    for name, link in task.infrastructure.links.items():
        for pair in (link.between, link.between[::-1]):
            if pair not in found or free[name] > free[found[pair]]:
                found[pair] = name
    return found


def _data(task: Task, wires: dict[tuple[str, str], str]) -> str:
    draft, graph = Draft.of(task), task.graph
    functions = [*(part.name for part in graph.instances), *draft.where]
    lines = [
        _set("POPS", ((pop,) for pop in task.infrastructure.pops)),
        _set("WIRES", wires),
        _set("FUNCTIONS", ((name,) for name in functions)),
        _set("LINKS", (link.ends for link in graph.links)),
        _set("KINDS", ((kind,) for kind in _KINDS)),
        *_paths(task),
        _param("room", ((pop, k, getattr(left, k)) for pop, left in draft.free.items() for k in _KINDS)),
        _param("need", _needs(task)),
        _param("mbps", ((*pair, draft.free_mbps[name]) for pair, name in wires.items())),
        _param("asked", ((*link.ends, link.bandwidth_mbps) for link in graph.links)),
        _param("delay", ((*pair, task.infrastructure.links[name].latency) for pair, name in wires.items())),
        _param("price", _prices(task)),
        _param("pinned", ((end, pop, 1) for end, pop in draft.where.items())),
        *_weights(task, wires),
    ]
    return "data;\n" + "\n".join(lines) + "\nend;\n"


def _needs(task: Task) -> Iterable[_Row]:
    for part in task.graph.instances:
        yield from ((part.name, kind, getattr(part.resources, kind)) for kind in _KINDS)
    yield from ((end.name, kind, 0) for end in task.graph.endpoints for kind in _KINDS)


def _paths(task: Task) -> list[str]:
    """Chains and links with a limit are its paths."""
    ends = {link.name: link.ends for link in task.graph.links}
    bounds = [(chain.links, chain.latency_ms) for chain in task.graph.chains]
    bounds += [((link.name,), link.latency_ms) for link in task.graph.links]
    limits = [(links, limit) for links, limit in bounds if limit is not None]
    on = [_set(f"ON[{n}]", (ends[name] for name in links)) for n, (links, _) in enumerate(limits)]
    numbers = _set("PATHS", ((n,) for n in range(len(limits))))
    return [numbers, *on, _param("allowed", ((n, limit) for n, (_, limit) in enumerate(limits)))]


def _prices(task: Task) -> Iterable[_Row]:
    where = task.infrastructure
    for part in task.graph.instances:
        for name, pop in where.pops.items():
            yield part.name, name, instance_cost(part.resources, part.licences, pop, where)
    yield from ((end.name, pop, 0.0) for end in task.graph.endpoints for pop in where.pops)


def _weights(task: Task, wires: dict[tuple[str, str], str]) -> list[str]:
    """Such that its normalised sum is our cost with each link at the mean price; delay has its bounds."""
    prices = sum(float(row[-1]) for row in _prices(task))
    asked = sum(link.bandwidth_mbps for link in task.graph.links) * len(wires)
    links = task.infrastructure.links
    mean = sum(links[name].price_mbps_hour for name in wires.values()) / max(1, len(wires))
    return [f"param alpha := {prices};", "param beta := 0;", f"param gamma := {asked * mean};"]


def _set(name: str, members: Iterable[_Row]) -> str:
    rows = (",".join(_quoted(cell) for cell in member) for member in members)
    return f"set {name} := {' '.join(f'({row})' if ',' in row else row for row in rows)};"


def _param(name: str, rows: Iterable[_Row]) -> str:
    return f"param {name} := " + ", ".join(" ".join(_quoted(cell) for cell in row) for row in rows) + ";"


def _quoted(cell: str | float) -> str:
    return f"'{cell}'" if isinstance(cell, str) else str(cell)


def _plan(task: Task, wires: dict[tuple[str, str], str], output: str) -> Plan:
    words = [line.split() for line in output.splitlines()]
    draft = Draft.of(task)
    for word in words:
        if word[:1] == ["at"] and word[1] not in draft.where:
            draft.put(word[1], word[2])
    hops = {(w[1], w[2], w[3]): w[4] for w in words if w[:1] == ["over"]}
    for link in task.graph.links:
        draft.lead(_route(draft, link, hops, wires))
    return draft.plan("tenor")


def _route(
    draft: Draft,
    link: GraphLink,
    hops: dict[tuple[str, str, str], str],
    wires: dict[tuple[str, str], str],
) -> Route:
    pops, names = [draft.where[link.ends[0]]], []
    while pops[-1] != draft.where[link.ends[1]]:
        following = hops[(*link.ends, pops[-1])]
        names.append(wires[pops[-1], following])
        pops.append(following)
    return draft.route(link, tuple(pops), tuple(names))
