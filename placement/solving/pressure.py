"""How long a process that would work is kept waiting by others on the machine."""

from dataclasses import dataclass, field
from pathlib import Path

_NANO = 1e-9


@dataclass(frozen=True)
class Queueing:
    """Of the first thread of a process; begins when it is made."""

    pid: int
    _before_s: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_before_s", _waited_s(self.pid))

    @property
    def waited_s(self) -> float:
        """How long it was ready to work and others had the processors; 0 where that cannot be told."""
        return max(0.0, _waited_s(self.pid) - self._before_s)


def _waited_s(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) * _NANO
    except (OSError, ValueError, IndexError):
        return 0.0
