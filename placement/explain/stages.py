"""Which PoPs are left for an instance, requirement after requirement; capacity is not looked at."""

from collections.abc import Iterator
from typing import NamedTuple

from domain.infrastructure import Infrastructure, Pop
from domain.plans import GraphInstance
from domain.pricing import licence_price
from domain.spelling import perhaps
from placement.explain.naming import known
from placement.explain.words import some


class Stage(NamedTuple):
    """One requirement of an instance, and the PoPs that satisfy it."""

    kind: str
    what: str
    """A capability or licence; empty for a rule."""
    pops: tuple[str, ...]
    text: str


def stages(part: GraphInstance, infrastructure: Infrastructure) -> Iterator[Stage]:
    """Each by itself, over all PoPs."""
    pops = infrastructure.pops
    for name in sorted(part.requires):
        having = tuple(each for each, pop in pops.items() if name in pop.capabilities)
        nowhere = _nowhere("no PoP has it", name, known("capability", infrastructure))
        yield Stage("capability", name, having, f"needs {name} ({_only(having, nowhere)})")
    for name in sorted(part.licences):
        selling = tuple(each for each, pop in pops.items() if _is_sold(name, pop, infrastructure))
        nowhere = _nowhere("sold nowhere", name, known("licence", infrastructure))
        text = f"needs licence {name} ({_only(selling, nowhere, 'sold at ')})"
        yield Stage("licence", name, selling, text)
    yield from _rules(part, infrastructure)


def _is_sold(licence: str, pop: Pop, infrastructure: Infrastructure) -> bool:
    return licence_price(licence, pop, infrastructure) is not None


def _nowhere(text: str, name: str, there: frozenset[str]) -> str:
    """With what was perhaps meant."""
    return "; ".join(filter(None, [text, perhaps(name, there)]))


def _only(pops: tuple[str, ...], nowhere: str, how: str = "") -> str:
    return f"only {how}{some(pops)}" if pops else nowhere


def _rules(part: GraphInstance, infrastructure: Infrastructure) -> Iterator[Stage]:
    pops = infrastructure.pops
    if part.allowed_pops is not None:
        allowed = tuple(name for name in pops if name in part.allowed_pops)
        text = f"may run on {some(sorted(part.allowed_pops)) or 'no PoP'} only"
        yield Stage("allowed-pops", "", allowed, text)
    if part.forbidden_pops:
        left = tuple(name for name in pops if name not in part.forbidden_pops)
        yield Stage("forbidden-pops", "", left, f"must not run on {some(sorted(part.forbidden_pops))}")
    if part.allowed_regions is not None:
        inside = tuple(name for name, pop in pops.items() if pop.region in part.allowed_regions)
        text = f"may run in region {some(sorted(part.allowed_regions)) or '(none)'} only"
        yield Stage("allowed-regions", "", inside, text)
    if part.forbidden_regions:
        outside = tuple(name for name, pop in pops.items() if pop.region not in part.forbidden_regions)
        text = f"must not run in region {some(sorted(part.forbidden_regions))}"
        yield Stage("forbidden-regions", "", outside, text)


def suitable(part: GraphInstance, infrastructure: Infrastructure) -> tuple[str, ...]:
    """The PoPs that satisfy all of an instance's capabilities, licences and rules."""
    left = set(infrastructure.pops)
    for stage in stages(part, infrastructure):
        left &= set(stage.pops)
    return tuple(name for name in infrastructure.pops if name in left)
