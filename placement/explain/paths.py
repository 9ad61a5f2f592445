"""Where in the descriptor a requirement stands."""

from placement.explain.demands import Demand
from placement.explain.worlds import World

_OF_COMPONENT = {"capability": "requires", "licence": "licences", "resources": "resources"}
_OF_LINK = {"link": "between", "bandwidth": "bandwidth", "latency": "latency"}

RULES = "placement.rules"


def path_of(demand: Demand, world: World) -> str:
    """The field; empty for what an operation asks for."""
    kind, subject = demand.kind, demand.subject
    if kind in _OF_COMPONENT:
        return f"components.{component_of(subject, world)}.{_OF_COMPONENT[kind]}"
    if kind in _OF_LINK:
        return f"links.{subject}.{_OF_LINK[kind]}"
    if kind in ("affinity", "anti-affinity"):
        return f"placement.{kind.replace('-', '_')}.{subject}"
    if kind == "chain-latency":
        return f"chains.{subject}.latency"
    if kind == "endpoint":
        return f"endpoints.{subject}"
    if kind == "budget":
        return "placement.budget_per_hour"
    return "" if kind in ("stays", "kept-off") else RULES


def component_of(subject: str, world: World) -> str:
    """Of a component or an instance."""
    parts = world.parts(subject)
    return parts[0].component if parts else subject
