"""Reading a file that a user names."""

from pathlib import Path

from catalogue.documents import MAX_BYTES
from domain.errors import UnknownError


def read_file(path: Path) -> bytes:
    """The file's bytes, but never much more than a document may have.

    :raises UnknownError: if it cannot be read
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnknownError(f"cannot read {path}: {error.strerror}") from error


def write_file(path: Path, text: str) -> None:
    """Write a file that a user names.

    :raises UnknownError: if it cannot be written
    """
    try:
        path.write_text(text)
    except OSError as error:
        raise UnknownError(f"cannot write {path}: {error.strerror}") from error
