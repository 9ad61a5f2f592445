"""Threads that only end with their process, and the process with the first of them that fails."""

import os
import threading
import traceback
from collections.abc import Callable


def run_for_ever(*tasks: Callable[[], None]) -> None:
    """Run each in a thread of its own; where one fails, the process ends with its traceback."""
    for task in tasks:
        threading.Thread(target=_run, args=(task,), daemon=True).start()
    threading.Event().wait()


def _run(task: Callable[[], None]) -> None:
    try:
        task()
    except BaseException:
        traceback.print_exc()
    os._exit(1)  # half of it would look alive
