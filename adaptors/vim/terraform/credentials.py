"""Credentials of PoPs: files of environment variables, read by the worker and told to Terraform alone."""

import re
from pathlib import Path

from adaptors.vim.terraform.calls import Call

_LINE = re.compile(r"^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$")


def read(home: Path, call: Call) -> dict[str, str]:
    """The variables of the call's credential; none where it has none.

    :raises VimRefusedError: if there is no such file, or a line of it is no assignment
    """
    if call.credential is None:
        return {}
    path = home / "credentials" / f"{call.credential}.env"
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise call.refused(
            f"credential {call.credential}: {path} cannot be read ({reason}); it should hold lines NAME=value"
        ) from None
    return dict(
        _assignment(call, number, line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    )


def _assignment(call: Call, number: int, line: str) -> tuple[str, str]:
    """The line itself stays unsaid: it may hold a secret."""
    match = _LINE.match(line)
    if match is None:
        raise call.refused(f"credential {call.credential}: line {number} of its file is no NAME=value")
    name, value = match.groups()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    return name, value
