"""What is wrong with one field of a document, in words that say what would be right."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_origin

from pydantic_core import ErrorDetails

from domain.models import Model
from domain.objectives import NAME, WEIGHTS
from domain.policies import TAGS
from domain.spelling import in_words, perhaps

WAYS = frozenset({NAME, WEIGHTS, *TAGS})
"""What pydantic puts into an error's path to say which of several models it went by."""


def worded(error: ErrorDetails, model: type[Model]) -> str:
    """:param model: of the whole document"""
    given = error["input"]
    match error["type"]:
        case "extra_forbidden":
            *way, field = error["loc"]
            guess = perhaps(str(field), _fields(model, [step for step in way if step not in WAYS]))
            return f"unknown field; {guess}" if guess else "unknown field"
        case "missing":
            return "required, but missing"
        case "string_pattern_mismatch":
            return in_words(error["ctx"]["pattern"], str(given))
        case "string_type" if isinstance(given, int | float) and not isinstance(given, bool):
            return f'must be text: write it in quotes, as "{given}"'
        case _:
            return error["msg"].removeprefix("Value error, ")


def _fields(model: type[Model], way: Sequence[str | int]) -> Iterator[str]:
    """The names of the fields at a place of a document."""
    kinds: list[Any] = [model]
    for step in way:
        kinds = [inner for kind in kinds for inner in _inside(kind, step)]
    yield from (name for kind in kinds for each in _models(kind) for name in each.model_fields)


def _inside(kind: Any, step: str | int) -> Iterator[Any]:
    """What may stand under a key, or in a place of a list."""
    for each in _models(kind):
        if step in each.model_fields:
            yield each.model_fields[str(step)].annotation
    for each in _unions(kind):
        if get_origin(each) in (dict, tuple):
            yield get_args(each)[1 if get_origin(each) is dict else 0]


def _models(kind: Any) -> Iterator[type[Model]]:
    yield from (each for each in _unions(kind) if isinstance(each, type) and issubclass(each, Model))


def _unions(kind: Any) -> Iterator[Any]:
    """A type, or those that it is a union of."""
    if get_origin(kind) in (None, dict, tuple):
        yield kind
    else:
        for each in get_args(kind):
            yield from _unions(each)
