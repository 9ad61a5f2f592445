"""JSON is read as the YAML that it nearly is; what is none is told as JSON, by line and column."""

import json
import re
from pathlib import PurePath

_ESCAPE = re.compile(r"\\(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|.)")


class JsonTextError(Exception):
    """Not JSON.

    :param line: where known, from 1
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(problem)


def is_json(source: str) -> bool:
    """Whether a document says by its name that it is JSON."""
    return PurePath(source).suffix.lower() == ".json"


def as_yaml(text: str) -> str:
    """The same as YAML, line by line.

    :raises JsonTextError: it is not JSON
    """
    try:
        json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise JsonTextError(f"not JSON: {error.msg}, at column {error.colno}", error.lineno) from None
    except RecursionError:
        raise JsonTextError("nested too deeply") from None
    except ValueError as error:  # a whole number of thousands of digits
        raise JsonTextError(f"not JSON: {error}") from None
    return _ESCAPE.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    """What YAML has no escape for: characters that JSON writes as two."""
    written = escape.group()
    return written if len(written) == 2 else str(json.loads(f'"{written}"'))
