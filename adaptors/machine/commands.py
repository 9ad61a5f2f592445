"""Running commands on this machine with the privileges that the emulator has."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from adaptors.machine.place import Place
from adaptors.machine.processes import Process
from domain.errors import InterlaceError

_TIMEOUT_S = 30.0


class CommandError(InterlaceError):
    """A command failed; the message holds its own words."""

    def __init__(self, words: Sequence[str], code: int, said: str) -> None:
        super().__init__(f"`{' '.join(words)}` ended with {code}: {said.strip() or 'it said nothing'}")
        self.code = code
        self.said = said.strip()


@dataclass(frozen=True)
class Output:
    """What a command that ended left."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Machine:
    """Runs commands: as they are for root, else within the user namespace that `enter` leads into."""

    place: Place
    enter: tuple[str, ...] = ()
    """Words before every command."""

    def words(self, words: Sequence[str], namespace: str | None = None, cwd: Path | None = None) -> list[str]:
        """A command with what leads to where it is to run before it."""
        into = [f"--net=/run/netns/{namespace}"] if namespace else []
        at = [f"--wd={cwd}"] if cwd else []
        nsenter = ["nsenter", *into, *at, "--"] if into or at else []
        return [*self.enter, *nsenter, *words]

    def attempt(
        self,
        words: Sequence[str],
        *,
        namespace: str | None = None,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> Output:
        """Run a command to its end, in a network namespace where one is named.

        :raises CommandError: only if it does not start or takes longer than `timeout_s`
        """
        full = self.words(words, namespace, cwd)
        try:
            done = subprocess.run(
                full,
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                errors="replace",
                env=_environment(env),
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CommandError(words, -1, f"no end after {timeout_s:g} s") from error
        except OSError as error:
            raise CommandError(words, -1, str(error)) from error
        return Output(done.returncode, done.stdout, done.stderr)

    def run(
        self,
        words: Sequence[str],
        *,
        namespace: str | None = None,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> str:
        """Run a command to its end and give what it printed.

        :raises CommandError: if it fails, with its own words
        """
        done = self.attempt(words, namespace=namespace, stdin=stdin, env=env, cwd=cwd, timeout_s=timeout_s)
        if done.code != 0:
            raise CommandError(words, done.code, done.stderr or done.stdout)
        return done.stdout

    def spawn(
        self,
        words: Sequence[str],
        log: Path,
        *,
        namespace: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Process:
        """Start a command in a session of its own; it outlives this process. Its words go to `log`."""
        full = self.words(words, namespace, cwd)
        with log.open("ab") as sink:
            started = subprocess.Popen(
                full,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,
                env=_environment(env),
            )
        return Process.of(started.pid)

    def ip(self, lines: Sequence[str], namespace: str | None = None) -> None:
        """Several `ip` commands in one process; the first that fails ends it.

        :raises CommandError: in the words of `ip`
        """
        if lines:
            self.run(["ip", "-batch", "-"], namespace=namespace, stdin="\n".join(lines) + "\n")

    def tc(self, lines: Sequence[str], namespace: str) -> None:
        """Several `tc` commands in one process; the first that fails ends it."""
        if lines:
            self.run(["tc", "-batch", "-"], namespace=namespace, stdin="\n".join(lines) + "\n")

    def nft(self, script: str, namespace: str) -> None:
        """An nftables script: one transaction."""
        self.run(["nft", "-f", "-"], namespace=namespace, stdin=script)


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    path = os.environ.get("PATH", "")
    return {**os.environ, "PATH": f"{path}:/usr/sbin:/sbin:/usr/bin:/bin", "LC_ALL": "C", **(more or {})}
