"""Why a PoP does not suit an instance, whatever room it has."""

from collections.abc import Iterator

from domain.infrastructure import Infrastructure, Pop
from domain.plans import GraphInstance
from planning.aims import listed


def objections(instance: GraphInstance, name: str, infrastructure: Infrastructure) -> list[str]:
    """What rules and capabilities hold against `instance` on the PoP called `name`; empty where it suits."""
    pop = infrastructure.pops.get(name)
    if pop is None:
        return [f"there is no PoP {name} any more"]
    return [*_capabilities(instance, name, infrastructure), *_rules(instance, name, pop)]


def _capabilities(instance: GraphInstance, name: str, infrastructure: Infrastructure) -> Iterator[str]:
    for capability in sorted(instance.requires - infrastructure.pops[name].capabilities):
        having = [each for each, pop in infrastructure.pops.items() if capability in pop.capabilities]
        where = f"only {listed(having)}" if having else "no PoP has it"
        yield f"it needs {capability} ({where})"


def _rules(instance: GraphInstance, name: str, pop: Pop) -> Iterator[str]:
    if instance.allowed_pops is not None and name not in instance.allowed_pops:
        yield f"its descriptor allows {listed(sorted(instance.allowed_pops)) or 'no PoP'} only"
    if name in instance.forbidden_pops:
        yield "its descriptor forbids that PoP"
    if instance.allowed_regions is not None and pop.region not in instance.allowed_regions:
        allowed = listed(sorted(instance.allowed_regions)) or "(none)"
        yield f"its descriptor allows region {allowed} only, and {name} is in {pop.region or 'none'}"
    if pop.region in instance.forbidden_regions:
        yield f"its descriptor forbids region {pop.region}"
