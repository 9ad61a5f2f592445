"""Sees past wrong fields: so that what is wrong between fields is reported together with them.

A document with a wrong unit may have a dangling reference too. Each wrong field is replaced by a harmless one
where that cannot make a reference wrong or right; where it could, there is no mended document.
"""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.models import Model

M = TypeVar("M", bound=Model)

_ROUNDS = 3
_HARMLESS: dict[str, Any] = {
    "api_version": "interlace/v1",
    "version": "1",
    "name": "mended",
    "image": "mended",
    "vcpus": 1,
    "memory": "1 MiB",
    "disk": "1 GiB",
    "resources": {"vcpus": 1, "memory": "1 MiB"},
    "capacity": {"vcpus": 1, "memory": "1 MiB"},
    "bandwidth": "1 Mbit/s",
    "latency": "1 ms",
}
_NAMED = {"components", "endpoints", "links", "chains", "pops"}
"""Whose keys are names that others refer to, not fields."""
_OPTIONAL = {
    "requires",
    "licences",
    "secrets",
    "health_check",
    "scaling",
    "instances",
    "description",
    "budget_per_hour",
    "objective",
}
"""Fields that no reference and no other field needs."""


def mended(data: Any, model: type[M], errors: Sequence[ErrorDetails]) -> M | None:
    """The document with its wrong fields replaced, or None where that would guess at what was meant."""
    copy = deepcopy(data)
    for _ in range(_ROUNDS):
        if not all(_mend(copy, error) for error in errors):
            return None
        try:
            return model.model_validate(copy)
        except ValidationError as error:
            errors = error.errors()
    return None


def _mend(data: Any, error: ErrorDetails) -> bool:
    """Replace or remove the field of one error; False where it is none that may be."""
    *way, field = error["loc"] or ("",)
    owner = data
    for step in way:
        if not isinstance(owner, dict) or step not in owner:
            return False
        owner = owner[step]
    if not isinstance(owner, dict) or (len(way) == 1 and way[0] in _NAMED):
        return False
    if error["type"] == "extra_forbidden" or field in _OPTIONAL:
        owner.pop(field, None)
        return True
    if field in _HARMLESS:
        owner[field] = deepcopy(_HARMLESS[field])
        return True
    return False
