"""New catalogues on SQLite, without the time that migrations take: copies of one that was migrated."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from catalogue.store import Catalogue, open_catalogue


def new_catalogue(path: Path) -> Catalogue:
    """Open a catalogue that is empty but for its schema, in a new file."""
    fill(path)
    return open_catalogue(f"sqlite:///{path}")


def fill(path: Path) -> None:
    """Make a new file a database of the newest schema."""
    assert not path.exists()
    path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "catalogue.db"
        open_catalogue(f"sqlite:///{path}").close()
        assert not path.with_name("catalogue.db-wal").exists(), "all of it is in the one file"
        return path.read_bytes()
