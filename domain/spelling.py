"""Names that are spelt wrong, in words: what a right one looks like, and which was perhaps meant."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

from domain.models import CURRENCY_PATTERN, NAME_PATTERN, PORT_PATTERN, VERSION_PATTERN

_LISTED = 8
_NEAR = 0.6
"""How alike two names are at least, of 1."""


def near(name: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The known names that an unknown one was perhaps meant to be, the likeliest first."""
    return get_close_matches(name, sorted(set(known)), n=most, cutoff=_NEAR)


def hint(name: str, known: Iterable[str]) -> str:
    """What may have been meant by an unknown `name`; else what there is."""
    names = sorted(set(known))
    if close := near(name, names):
        return f"did you mean {close[0]!r}?"
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"known: {', '.join(names[:_LISTED]) or 'none'}{more}"


def perhaps(name: str, known: Iterable[str]) -> str:
    """What may have been meant by an unknown `name`; empty where nothing is like it."""
    close = near(name, known)
    return f"did you mean {close[0]!r}?" if close else ""


def in_words(pattern: str, given: str) -> str:
    """What is wrong with a text that a pattern of our documents and requests does not match."""
    if pattern == NAME_PATTERN:
        such = f", such as {right}" if (right := _as_name(given)) else ""
        rule = "a name is lower-case letters, digits and inner hyphens, at most 63"
        return f"{given!r} is no name: {rule}{such}"
    what, right = _OTHERS.get(pattern, ("such text", f"it must match {pattern}"))
    return f"{given!r} is no {what}: {right}"


_OTHERS = {
    VERSION_PATTERN: (
        "version",
        "up to three numbers and perhaps a suffix, such as 1, 1.2, 1.2.3-rc1",
    ),
    PORT_PATTERN: (
        "end of a link",
        "write COMPONENT.CONNECTION-POINT or an endpoint's name, in lower-case letters, digits and hyphens,"
        " such as web.http or customers",
    ),
    CURRENCY_PATTERN: ("currency", "three upper-case letters, such as EUR"),
}


def _as_name(text: str) -> str:
    """The name that was perhaps meant."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
