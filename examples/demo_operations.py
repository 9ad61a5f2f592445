"""The demonstration's operations: run by command, and told in short."""

import re
import subprocess
import sys

from examples.demo_shell import INTERLACE, announce, environment, failed

_STEP = re.compile(r"  (\w+) {2,}(.+)")
_SWITCH = re.compile(r"(.+) switch of (\S+)( to the new ways)? \(\d+ rules\)")
_PHASE = re.compile(r"[A-Z][a-z]+")
_BOOKKEEPING = (
    "take the lease",
    "plan",
    "commit the service",
    "give the lease back",
)


def operate(*words: str) -> None:
    """Run an operation to its end; shown are the steps done on the service itself, and how it ended."""
    announce(*words)
    with subprocess.Popen(
        [INTERLACE, *words], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        telling = _Telling()
        said = [telling.line(line.rstrip("\n")) for line in process.stdout]
        telling.done()
    if process.returncode != 0:
        raise failed(words, process.returncode, "\n".join(said[-5:]))


class _Telling:
    """Leaves out phases, beginnings and what an operation does for itself; switches are told together."""

    def __init__(self) -> None:
        self._deed = ("", "")
        self._switches: list[str] = []

    def line(self, line: str) -> str:
        """Tell it, or what was kept back before it, or nothing yet. Gives the line."""
        step = _STEP.fullmatch(line)
        if step is None:
            if not _PHASE.fullmatch(line):
                self._tell(line)
        elif step[1] == "done" and (switch := _SWITCH.fullmatch(step[2])):
            self._collect((switch[1], switch[3] or ""), switch[2])
        elif step[1] != "running" and step[2] not in _BOOKKEEPING:
            self._tell(f"{step[1]:<9}{step[2]}")
        return line

    def done(self) -> None:
        """Tell what was kept back."""
        if self._switches:
            before, after = self._deed
            plural = "es" if len(self._switches) > 1 else ""
            _print(f"done     {before} switch{plural} of {', '.join(sorted(self._switches))}{after}")
        self._switches = []

    def _collect(self, deed: tuple[str, str], pop: str) -> None:
        if deed != self._deed:
            self.done()
        self._deed = deed
        self._switches.append(pop)

    def _tell(self, text: str) -> None:
        self.done()
        _print(text)


def _print(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()
