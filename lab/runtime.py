"""What `interlace up` runs on this machine, as its supervisor wrote it down."""

from pathlib import Path

from adaptors.machine.processes import Process
from domain.models import Model
from domain.recovery import BALANCED, Profile

FILE_NAME = "runtime.json"


class Runtime(Model):
    """The processes and addresses of one `interlace up`."""

    supervisor: Process
    server: Process | None
    """None where Temporal is somebody else's."""
    workers: tuple[Process, ...]
    address: str
    web_ui: str | None
    exporter: Process | None = None
    """None where no metrics are served."""
    metrics: str | None = None
    """The URL of what it serves."""
    reliability: Profile = BALANCED
    """What the workers go by."""

    def save(self, home: Path) -> None:
        """Write it in one step, so that no reader sees half of it."""
        draft = home / f"{FILE_NAME}.new"
        draft.write_text(self.model_dump_json(indent=2))
        draft.replace(home / FILE_NAME)

    def orphans(self) -> list[Process]:
        """What still runs although its supervisor was killed."""
        if self.supervisor.alive():
            return []
        children = [each for each in (*self.workers, self.exporter, self.server) if each]
        return [process for process in children if process.alive()]


def load(home: Path) -> Runtime | None:
    """What runs now, or None where nothing does."""
    runtime = load_last(home)
    return runtime if runtime and runtime.supervisor.alive() else None


def load_last(home: Path) -> Runtime | None:
    """What was written down last, whether it still runs or not; None where there is nothing to read."""
    try:
        return Runtime.model_validate_json((home / FILE_NAME).read_text())
    except (FileNotFoundError, ValueError):
        return None
