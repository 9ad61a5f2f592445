"""Requests from the command line's words."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.errors import InputError
from domain.models import Model
from domain.spelling import in_words

M = TypeVar("M", bound=Model)


def checked(model: type[M], **fields: Any) -> M:
    """The request, or one message with all that is wrong in it.

    :raises InputError: if a field is not what the model takes
    """
    try:
        return model(**fields)
    except ValidationError as error:
        raise InputError(complaints(error)) from None


def complaints(error: ValidationError) -> str:
    """All that is wrong, in words that say what would be right."""
    return "; ".join(map(_complaint, error.errors(include_url=False)))


def _complaint(each: ErrorDetails) -> str:
    # a wrong key of a mapping is at (field, key, "[key]")
    where = ".".join(str(part) for part in each["loc"] if part != "[key]")
    return f"{where}: {_words(each)}" if where else _words(each)


def _words(each: ErrorDetails) -> str:
    if each["type"] != "string_pattern_mismatch":
        return each["msg"].removeprefix("Value error, ")
    return in_words(str(each.get("ctx", {}).get("pattern")), str(each["input"]))


def pairs(words: list[str], example: str) -> dict[str, str]:
    """`key=value` words.

    :raises InputError: if one is none, or a key is given two values
    """
    found: dict[str, str] = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not (key and sign):
            raise InputError(f"{word!r}: write it like {example}")
        if found.setdefault(key, value) != value:
            raise InputError(f"{key} is given twice: {found[key]!r} and {value!r}")
    return found


def settings(words: list[str], example: str) -> dict[str, str | int | float | bool]:
    """`key=value` words whose values may be numbers, true or false; in quotes they are text."""
    return dict(_typed(pairs(words, example)))


def _typed(given: Mapping[str, str]) -> Iterator[tuple[str, str | int | float | bool]]:
    import json

    for key, text in given.items():
        try:
            value = json.loads(text, parse_constant=str)  # NaN and the like are no numbers of ours
        except ValueError:
            value = text
        yield key, value if isinstance(value, str | int | float | bool) else text
