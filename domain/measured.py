"""What the names in an expression mean to a service, and which of them mean nothing."""

import re
from collections.abc import Iterator

from domain.descriptor import Descriptor
from domain.expressions import CHAIN, Count, ExpressionError, Figure, Tree, leaves, parse
from domain.metrics import CHAIN_METRICS, INSTANCE_METRICS, INSTANCES
from domain.spelling import hint, near

_KNOWN = (*INSTANCE_METRICS, *CHAIN_METRICS, INSTANCES)


def complaint(text: str, descriptor: Descriptor) -> str | None:
    """What is wrong with an expression in a policy of a service, with its place; None: nothing."""
    try:
        tree = parse(text)
    except ExpressionError as error:
        return str(error)
    return next((str(each) for each in _misnamed(tree, text, descriptor)), None)


def _misnamed(tree: Tree, text: str, descriptor: Descriptor) -> Iterator[ExpressionError]:
    measured = False
    for each in leaves(tree):
        if not isinstance(each, Figure | Count):
            continue
        measured = measured or isinstance(each, Figure)
        if wrong := _owner(each, descriptor) or (
            _metric(each, text, descriptor) if isinstance(each, Figure) else None
        ):
            yield ExpressionError(each.at, wrong)
    if not measured:
        yield ExpressionError(1, "nothing is measured here: write a metric, as in avg(cpu)")


def _owner(each: Figure | Count, descriptor: Descriptor) -> str | None:
    """Where the component or chain that is named is none."""
    chain = each.chain if isinstance(each, Figure) else None
    if chain is not None and chain not in descriptor.chains:
        return f"no chain {chain!r}; {hint(chain, descriptor.chains)}"
    if each.component is not None and each.component not in descriptor.components:
        return f"no component {each.component!r}; {hint(each.component, descriptor.components)}"
    return None


def _metric(figure: Figure, text: str, descriptor: Descriptor) -> str | None:
    """Where a metric is perhaps a known one, misspelt; others are the user's own."""
    name = figure.metric
    if figure.chain is not None:
        short = {known.removeprefix(f"{CHAIN}_") for known in CHAIN_METRICS}
        inner = name.removeprefix(f"{CHAIN}_")
        return None if inner in short else f"chains have no {inner!r}; {hint(inner, short)}"
    if name in CHAIN_METRICS:
        inner = name.removeprefix(f"{CHAIN}_")
        return f'{name} is of a chain: write {CHAIN}("NAME").{inner}, with the name of one'
    if name in _KNOWN or figure.quoted:
        return None
    if name in descriptor.components:
        return f"{name!r} is a component: say which metric of it, as in {name}.cpu"
    return _hyphenated(name, text) or _misspelt(name)


def _misspelt(name: str) -> str | None:
    close = near(name, _KNOWN)
    if not close:
        return None
    return f'no metric {name!r}; did you mean {close[0]!r}? One of your own is written in quotes: "{name}"'


def _hyphenated(name: str, text: str) -> str | None:
    """Where hyphens, which subtract, were meant as a part of a name."""
    for word in re.findall(r"[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+", text):
        if name in word.split("-") and (close := near(word.replace("-", "_"), _KNOWN)):
            return f"{word} is a subtraction; did you mean {close[0]!r}?"
    return None
