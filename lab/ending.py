"""Ending what `interlace up` runs. It imports nothing of Temporal, which takes longer than to end it."""

import signal
import time
from pathlib import Path

from adaptors.machine.processes import Process
from lab.runtime import Runtime, load_last


def stop(runtime: Runtime, wait_s: float = 60.0) -> bool:
    """Stop everything; True when it ended on its own, False when it had to be killed."""
    runtime.supervisor.signal(signal.SIGTERM)
    children = [each for each in (*runtime.workers, runtime.exporter, runtime.server) if each]
    return _end([runtime.supervisor, *children], wait_s)


def stop_orphans(home: Path, wait_s: float = 40.0) -> int:
    """Stop what a killed supervisor left running; how many there were."""
    last = load_last(home)
    orphans = last.orphans() if last else []
    for process in orphans:
        process.signal(signal.SIGTERM)
    _end(orphans, wait_s)
    return len(orphans)


def _end(processes: list[Process], wait_s: float) -> bool:
    """Wait until they have ended; kill what has not by then. False when something had to be killed."""
    deadline = time.monotonic() + wait_s
    while any(process.alive() for process in processes):
        if time.monotonic() >= deadline:
            for process in processes:
                process.signal(signal.SIGKILL)
            return False
        time.sleep(0.1)
    return True
