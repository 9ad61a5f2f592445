"""The names that a service may refer to, and which was perhaps meant by one that there is not."""

from collections.abc import Collection, Iterator

from domain.infrastructure import Infrastructure
from domain.spelling import near
from placement.explain.words import some


def known(kind: str, infrastructure: Infrastructure) -> frozenset[str]:
    """All that a requirement of a kind may name."""
    pops = infrastructure.pops
    match kind:
        case "capability":
            return frozenset(each for pop in pops.values() for each in pop.capabilities)
        case "licence":
            sold = (each for pop in pops.values() for each in pop.prices.licences)
            return frozenset(infrastructure.licences) | frozenset(sold)
        case "allowed-regions":
            return frozenset(pop.region for pop in pops.values() if pop.region)
        case _:
            return frozenset(pops)


def unknown(kind: str, names: Collection[str], infrastructure: Infrastructure) -> Iterator[str]:
    """The names of a rule that there are not, where there are others, and what was perhaps meant."""
    there = known(kind, infrastructure)
    strange = sorted(set(names) - there)
    if strange and len(strange) < len(names):
        yield f"there is no {'region' if kind.endswith('regions') else 'PoP'} {some(strange)}"
    for name in strange:
        for guess in near(name, there):
            yield f"did you mean {guess!r}?" if len(strange) == 1 else f"did you mean {guess!r} by {name!r}?"
