"""What the closed loop's demonstration sees: by `policies watch` for people, by the catalogue for itself."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalogue.store import Catalogue, open_catalogue
from domain.names import OperationKind
from domain.watching import Decision
from examples.demo_shell import HOME, INTERLACE, DemoError, announce, environment

_LOOKS_S = 0.3
_ENDING_S = 20.0


class Loop:
    """The service as the catalogue knows it, and the chart that people see."""

    def __init__(self, service: str, catalogue: Catalogue, chart: "subprocess.Popen[str]") -> None:
        self._service, self._catalogue, self._chart = service, catalogue, chart

    def note(self, text: str) -> None:
        """Say in the chart and in the report what happens now."""
        if self._chart.poll() is not None or self._chart.stdin is None:
            raise DemoError(f"`interlace policies watch` ended with exit code {self._chart.returncode}")
        self._chart.stdin.write(f"{text}\n")
        self._chart.stdin.flush()

    def places(self) -> dict[str, str]:
        """Replica of the web server -> PoP."""
        deployment = self._catalogue.services.deployment(self._service)
        found = deployment.instances if deployment else ()
        return {each.name: each.pop for each in found if each.component == "web"}

    def decided(self, kind: OperationKind, number: int) -> Decision | None:
        """The policies' so-manieth operation of a kind that was done, counted from 1."""
        found = [
            each
            for each in self._catalogue.decisions.list(self._service)
            if each.kind is kind and each.outcome == "done"
        ]
        return found[-number] if len(found) >= number else None

    def until(self, what: str, happened: Callable[[], bool], within_s: float) -> float:
        """Wait for it; how long it took.

        :raises DemoError: if it does not happen within that time, with what was decided instead
        """
        began = time.monotonic()
        while not happened():
            if time.monotonic() - began > within_s:
                raise DemoError(f"{what} should have come within {within_s:g} s; {self._instead()}")
            time.sleep(_LOOKS_S)
        return time.monotonic() - began

    def _instead(self) -> str:
        found = self._catalogue.decisions.list(self._service, limit=3)
        told = "; ".join(f"{each.what}: {each.outcome} {each.told}".strip() for each in found)
        return f"the last decisions were: {told}" if told else "nothing was decided"


@contextmanager
def watching(service: str, source: str, report: Path) -> Iterator[Loop]:
    """Show a chart, on a terminal, or lines; write the report at the end."""
    words = ("policies", "watch", service, "--source", source, "--notes", "-o", str(report))
    announce(*words)
    catalogue = open_catalogue(f"sqlite:///{HOME / 'catalogue.db'}")
    chart = subprocess.Popen([INTERLACE, *words], env=environment(), stdin=subprocess.PIPE, text=True)
    try:
        yield Loop(service, catalogue, chart)
    finally:
        catalogue.close()
        if chart.stdin:
            chart.stdin.close()
        try:
            chart.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            chart.kill()
            chart.wait()
    if chart.returncode != 0:
        raise DemoError(f"`interlace policies watch` ended with exit code {chart.returncode}")
