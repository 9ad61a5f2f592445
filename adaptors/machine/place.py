"""Where the emulator keeps what it makes, and how it names it.

Everything lives as long as the namespaces do: under /run (or /tmp for ordinary users), gone after a reboot.
The directory is named by a key of the home, so that several homes share a machine without meeting.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from domain.errors import InterlaceError

_LONGEST_INTERFACE = 15


@dataclass(frozen=True)
class Place:
    """The names of one home's things on this machine."""

    key: str
    """Six hexadecimal digits, unique to the home."""
    run: Path
    """A short path: those of Unix sockets have at most 107 characters."""

    @classmethod
    def of(cls, home: Path) -> "Place":
        """The place of a home; its directory is made where it is missing, closed to other users."""
        key = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:6]
        user = os.geteuid()
        base = Path("/run/interlace") if user == 0 else Path(f"/tmp/interlace-{user}")
        for directory in (base, base / key):
            _own(directory, user)
        return cls(key=key, run=base / key)

    @property
    def prefix(self) -> str:
        """What the names of all its network namespaces begin with."""
        return f"il{self.key}-"

    def switch(self, pop: str) -> str:
        """The network namespace of a PoP's switch."""
        return f"{self.prefix}pop-{pop}"

    def instance(self, resource: str) -> str:
        """The network namespace of an instance."""
        return f"{self.prefix}vnf-{resource}"

    def wan(self, link: str) -> str:
        """The network namespace between the two ends of a physical link."""
        return f"{self.prefix}wan-{link}"

    def directory(self, kind: str, name: str) -> Path:
        """A directory of one thing, with a short path whatever its name; not made."""
        return self.run / kind / short(name, 12)


def _own(directory: Path, user: int) -> None:
    """Make a directory that only its user may look into; anybody may have made one in /tmp before."""
    directory.mkdir(exist_ok=True, mode=0o700)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o022:
        raise InterlaceError(f"{directory} belongs to somebody else, or others may write to it: remove it")


def short(name: str, length: int = 8) -> str:
    """`length` hexadecimal digits in place of a name."""
    return hashlib.sha256(name.encode()).hexdigest()[:length]


def interface(name: str) -> str:
    """A name for an interface: `name` itself where it can be one, else its beginning and a hash."""
    fits = len(name) <= _LONGEST_INTERFACE and name not in ("lo", "all", "default")
    return name if fits else f"{name[:8]}-{short(name, 6)}"


def port_interface(resource: str, connection_point: str) -> str:
    """The switch's end of an instance's port."""
    return f"p{short(f'{resource}/{connection_point}', 12)}"


def tunnel_interface(link: str) -> str:
    """The switch's end of the overlay over a physical link; the same name at both PoPs."""
    return f"x{short(link, 12)}"
