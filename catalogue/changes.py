"""The differences between two infrastructures, for a person to read. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from domain.infrastructure import Infrastructure, PhysicalLink, Pop
from domain.objectives import Objective
from domain.records import Change

EMPTY = Infrastructure(api_version="interlace/v1", kind="Infrastructure", pops={})

What = Literal["pop", "link"]
Things = Mapping[str, Pop] | Mapping[str, PhysicalLink]


def changes_between(old: Infrastructure, new: Infrastructure) -> list[Change]:
    found = [*_of("pop", old.pops, new.pops), *_of("link", old.links, new.links)]
    found += _of_licences(old.licences, new.licences)
    if old.pops:
        found += _of_setting("currency", old.currency, new.currency)
        found += _of_setting("objective", _aims(old.objective), _aims(new.objective))
    return found


def _of_setting(what: Literal["currency", "objective"], before: str, after: str) -> Iterator[Change]:
    if before != after:
        yield Change(action="change", what=what, name=what, before=before, after=after)


def _aims(objective: Objective) -> str:
    return objective if isinstance(objective, str) else _text(dict(_flat("", objective.model_dump())))


def _of_licences(old: Mapping[str, float], new: Mapping[str, float]) -> Iterator[Change]:
    """Their general prices; what a single PoP charges is a change of the PoP."""
    for name in sorted({*old, *new}):
        before, after = (f"price={prices[name]:g}" if name in prices else None for prices in (old, new))
        action: Literal["add", "change", "remove"] = (
            "add" if before is None else "remove" if after is None else "change"
        )
        if before != after:
            yield Change(action=action, what="licence", name=name, before=before, after=after)


def _of(what: What, old: Things, new: Things) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before is None and after is not None:
            yield Change(action="add", what=what, name=name, before=None, after=_text(_fields(after)))
        elif before is not None and after is None:
            yield Change(action="remove", what=what, name=name, before=_text(_fields(before)), after=None)
        elif before is not None and after is not None and before != after:
            yield _changed(what, name, _fields(before), _fields(after))


def _changed(what: What, name: str, before: dict[str, str], after: dict[str, str]) -> Change:
    differ = [field for field in {**before, **after} if before.get(field) != after.get(field)]
    was, becomes = ({f: values.get(f, "none") for f in differ} for values in (before, after))
    return Change(action="change", what=what, name=name, before=_text(was), after=_text(becomes))


def _fields(thing: Pop | PhysicalLink) -> dict[str, str]:
    return dict(_flat("", thing.model_dump()))


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, frozenset | set):
        yield path, "+".join(sorted(value)) or "none"
    elif isinstance(value, tuple):
        yield path, "-".join(map(str, value))
    elif value is not None:
        yield path, str(value)


def _text(fields: dict[str, str]) -> str:
    return ", ".join(f"{field}={value}" for field, value in fields.items())
