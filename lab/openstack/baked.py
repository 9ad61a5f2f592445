"""What the clouds remember, kept outside the checkout when it was made, and brought back from there."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from adaptors.machine.locks import locked
from lab.openstack import configuration, databases, furniture, identities, layout
from lab.openstack.layout import Layout, Secrets
from lab.openstack.services import script
from lab.openstack.shared import command
from lab.places import cache_directory, key_of

_MARK = "baked"
"""The file in the data that says they are whole, and what they were made by."""


def key(requirements: Path) -> str:
    """A hash of all that the data depend on."""
    sources = [
        Path(str(module.__file__)) for module in (configuration, databases, furniture, identities, layout)
    ]
    sources += [requirements, Path(script("copy_schemas"))]
    version = subprocess.run([command("mariadbd"), "--version"], capture_output=True, check=True).stdout
    return key_of(version, *(path.read_bytes() for path in sources))


def are_whole(layout: Layout, wanted: str) -> bool:
    """Whether the state directory has data that were finished, by this very version."""
    try:
        return (layout.data / _MARK).read_text() == wanted
    except FileNotFoundError:
        return False


def restore(layout: Layout, wanted: str) -> bool:
    """Replace the data by those kept; False where none are kept."""
    kept = _kept(wanted)
    if not kept.exists():
        return False
    remove(layout)
    shutil.copytree(kept, layout.data, symlinks=True)
    (layout.data / _MARK).write_text(wanted)
    return True


def begin(layout: Layout) -> Secrets:
    """Make a place for new data, with new passwords."""
    remove(layout)
    layout.data.mkdir(parents=True, mode=0o700)
    made = Secrets.new()
    layout.secrets_file.touch(mode=0o600)
    layout.secrets_file.write_text(made.model_dump_json())
    return made


def finish(layout: Layout, wanted: str, quiet: Callable[[], object]) -> None:
    """Call the data whole and keep a copy; `quiet` stops who writes to them.

    The copy gets its name when it is complete: one that was interrupted is never found.
    """
    quiet()
    kept = _kept(wanted)
    with locked(kept.with_suffix(".lock")):
        if not kept.exists():
            draft = kept.with_suffix(".partial")
            shutil.rmtree(draft, ignore_errors=True)
            shutil.copytree(layout.data, draft, symlinks=True)
            draft.rename(kept)
    (layout.data / _MARK).write_text(wanted)


def remove(layout: Layout) -> None:
    """Remove the data; the mark first, so that half of them are never believed."""
    (layout.data / _MARK).unlink(missing_ok=True)
    shutil.rmtree(layout.data, ignore_errors=True)


def _kept(wanted: str) -> Path:
    return cache_directory() / f"openstack-data-{wanted}"
