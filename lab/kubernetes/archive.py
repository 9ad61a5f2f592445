"""Debian's packages, unpacked into a directory: apt with a state of its own, the machine's is left alone."""

import os
import shutil
import subprocess
from pathlib import Path

from lab.daemons import last_lines
from lab.port import LabError

SUITE = "bookworm"
_MIRROR = "http://deb.debian.org/debian/"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_TOOLS = {"apt-get": "apt", "dpkg": "dpkg", "dpkg-source": "dpkg-dev", "make": "make"}


def lacking() -> list[str]:
    """What of Debian this machine lacks, each as the package to install; empty where nothing does."""
    missing = [package for tool, package in _TOOLS.items() if not shutil.which(tool)]
    return missing if _KEYRING.exists() else [*missing, "debian-archive-keyring"]


class Packages:
    """An apt of its own: lists, archives and what is unpacked lie below one directory."""

    def __init__(self, directory: Path, log: Path) -> None:
        """
        :param log: what apt and dpkg say is added to it
        """
        self.root = directory / "root"
        self._archives = directory / "archives"
        self._state = directory / "apt"
        self._log = log
        for place in (self._state / "lists" / "partial", self._archives, self.root, log.parent):
            place.mkdir(parents=True, exist_ok=True)

    def refresh(self) -> None:
        """Fetch the lists of packages and of sources.

        :raises LabError: if the mirror does not answer
        """
        mirror = _mirror()
        kinds = ("deb", "deb-src")
        lines = [f"{kind} [signed-by={_KEYRING}] {mirror} {SUITE} main\n" for kind in kinds]
        (self._state / "sources.list").write_text("".join(lines))
        self._apt("update", "--error-on=any")

    def unpack(self, *names: str) -> None:
        """Download binary packages, without what they depend on, and unpack them below `root`.

        :raises LabError: if one is not to be had
        """
        self._apt("download", *names, cwd=self._archives)
        for archive in sorted(self._archives.glob("*.deb")):
            self._run("dpkg", "-x", str(archive), str(self.root))
            archive.unlink()

    def unpack_source(self, name: str, version: str, target: Path) -> None:
        """Download a source package and unpack it, patched, as the directory `target`.

        :param version: of its authors; Debian may have written something before it
        :raises LabError: if the mirror has none of that version
        """
        self._apt("source", "--download-only", name, cwd=self._archives)
        found = list(self._archives.glob(f"{name}_*{version}-*.dsc"))
        if not found:
            raise LabError(f"{_mirror()} {SUITE} has no source package {name} {version}")
        # apt has checked the files' sums against the signed list already.
        self._run("dpkg-source", "--no-check", "-x", str(found[0]), str(target))

    def _apt(self, *arguments: str, cwd: Path | None = None) -> None:
        options = {
            "APT::Sandbox::User": "root",
            "Acquire::Retries": "3",
            "Dir::Etc::SourceList": str(self._state / "sources.list"),
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::State::Lists": str(self._state / "lists"),
            "Dir::Cache": str(self._state),
        }
        settings = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        self._run("apt-get", "-q", *settings, *arguments, cwd=cwd)

    def _run(self, *command: str, cwd: Path | None = None) -> None:
        with self._log.open("ab") as log:
            done = subprocess.run(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LC_ALL": "C"},
            )
        if done.returncode:
            what = " ".join(part for part in command if "=" not in part and part != "-o")
            raise LabError(f"`{what}` ended with {done.returncode}; {last_lines([self._log])}")


def _mirror() -> str:
    """The Debian mirror that this machine is set to, else Debian's own."""
    command = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"]
    listed = subprocess.run([*command, "Created-By: Packages"], capture_output=True, text=True).stdout.split()
    return next((uri for uri in listed if uri.rstrip("/").endswith("/debian")), _MIRROR)
