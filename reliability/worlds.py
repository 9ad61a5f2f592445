"""What is there of a service after a run, compared with what was there after the reference run.

Names that a run makes for itself (operations, plans, addresses) are replaced by what they stand for.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from domain.models import Model

Facts = Mapping[str, Sequence[Any]]
"""Section (a table, a part of the world) -> what is in it, as plain data."""

VOLATILE = frozenset({"expected_s", "expected_duration_s", "interruptions", "solve_ms", "measured_rtt_ms"})
"""Fields that tell how long something took or may take."""

_OF_OPERATIONS = frozenset(
    {"catalogue operations", "catalogue leases", "catalogue plans", "catalogue plan_networks"}
)

_PATTERNS = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b"), "<mac>"),
)
_WHOSE = frozenset({"operation", "operation_id", "committed_by", "demanded"})
"""Fields that tell by which operation something was made; and which addresses it was told to keep."""
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


class Seen(Model):
    """All that is to be compared, each fact in one line of JSON."""

    sections: dict[str, tuple[str, ...]]


def seen(facts: Facts, names: Mapping[str, str]) -> Seen:
    """The facts with each of `names` replaced by what it stands for, and addresses numbered."""
    longest_first = sorted(names.items(), key=lambda item: -len(item[0]))
    sections = {
        section: sorted((_line(fact, longest_first) for fact in found), key=_without_addresses)
        for section, found in facts.items()
    }
    numbers: dict[str, str] = {}
    return Seen(
        sections={
            section: tuple(sorted(_numbered(line, numbers) for line in sections[section]))
            for section in sorted(sections)
        }
    )


def unlike_before(before: Seen, after: Seen) -> Iterator[str]:
    """How a service differs after an undo from what it was: all but which operations there were."""
    yield from differences(_timeless(before), _timeless(after))


def _timeless(all_of_it: Seen) -> Seen:
    """Without the operations, and without what says of other things which of them made it."""
    kept = {name: lines for name, lines in all_of_it.sections.items() if name not in _OF_OPERATIONS}
    return Seen(
        sections={
            name: tuple(
                sorted(json.dumps(_without(json.loads(line), _WHOSE), sort_keys=True) for line in lines)
            )
            for name, lines in kept.items()
        }
    )


def _without(fact: Any, fields: frozenset[str]) -> Any:
    if isinstance(fact, dict):
        return {key: _without(value, fields) for key, value in fact.items() if key not in fields}
    return [_without(each, fields) for each in fact] if isinstance(fact, list) else fact


def differences(reference: Seen, other: Seen) -> Iterator[str]:
    """Each difference in words: what is missing, what should not be there, what is otherwise."""
    for section in sorted(reference.sections.keys() | other.sections.keys()):
        wanted = Counter(reference.sections.get(section, ()))
        found = Counter(other.sections.get(section, ()))
        missing, extra = sorted((wanted - found).elements()), sorted((found - wanted).elements())
        if len(missing) == len(extra):
            yield from (f"{section}: {_change(*pair)}" for pair in zip_longest(missing, extra))
        else:
            yield from (f"{section}: missing: {line}" for line in missing)
            yield from (f"{section}: should not be there: {line}" for line in extra)


def _line(fact: Any, names: Sequence[tuple[str, str]]) -> str:
    text = json.dumps(_lasting(fact), sort_keys=True, default=str)
    for name, meaning in filter(_is_long, names):
        text = text.replace(name, meaning)
    for pattern, meaning in _PATTERNS:
        text = pattern.sub(meaning, text)
    for name, meaning in names:
        text = text.replace(name, meaning)
    return text


def _is_long(name: tuple[str, str]) -> bool:
    """Whether it holds a UUID, and so comes before what any UUID stands for."""
    return bool(_PATTERNS[0][0].search(name[0]))


def _lasting(fact: Any) -> Any:
    if isinstance(fact, Mapping):
        return {key: _lasting(value) for key, value in fact.items() if key not in VOLATILE}
    if isinstance(fact, list | tuple):
        return [_lasting(value) for value in fact]
    return round(fact, 6) if isinstance(fact, float) else fact


def _without_addresses(line: str) -> str:
    return _ADDRESS.sub("<address>", line)


def _numbered(line: str, numbers: dict[str, str]) -> str:
    def number(match: re.Match[str]) -> str:
        return numbers.setdefault(match[0], f"<address {len(numbers) + 1}>")

    return _ADDRESS.sub(number, line)


def _change(before: str, after: str) -> str:
    """Only what differs of two facts."""
    parts = list(_changes(json.loads(before), json.loads(after), ""))
    return "; ".join(parts)


def _changes(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _changes(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    else:
        yield f"{path or 'it'} is {json.dumps(after)} instead of {json.dumps(before)}"
