"""Requests from the command line's words."""

from typing import Any, TypeVar

from pydantic import ValidationError

from domain.errors import InputError
from domain.models import Model

M = TypeVar("M", bound=Model)


def checked(model: type[M], **fields: Any) -> M:
    """The request, or one message with all that is wrong in it.

    :raises InputError: if a field is not what the model takes
    """
    try:
        return model(**fields)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise InputError("; ".join(wrong)) from None
