"""Complaints about names that do not exist, with what was perhaps meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from domain.errors import UnknownError


def unknown(what: str, name: str, known: Iterable[str]) -> UnknownError:
    names = sorted(set(known))
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return UnknownError(f"no {what} {name!r}; did you mean {' or '.join(near)}?")
    some = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return UnknownError(
        f"no {what} {name!r} (there is {some})" if names else f"no {what} {name!r}; there is none yet"
    )
