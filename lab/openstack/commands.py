"""Programs that run to their end for the clouds, several at once."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lab.openstack.layout import Site
from lab.openstack.services import environment
from lab.port import LabError


def run(site: Site, command: Sequence[str | Path], more: Mapping[str, str] | None = None) -> None:
    """Run a program of OpenStack's environment.

    :raises LabError: with its last lines, if it fails
    """
    words = [str(word) for word in command]
    scratch = site.layout.directory / "tmp" / "commands"
    scratch.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        words,
        env={**os.environ, **environment(site), "TMPDIR": str(scratch), **(more or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise LabError("\n  ".join([f"{Path(words[0]).name} ended with {done.returncode}:", *lines]))


def sql(site: Site, statements: str) -> None:
    """Run statements at the database server.

    :raises LabError: if it refuses one
    """
    command = ["mariadb", "-h127.0.0.1", f"-P{site.port('mariadb')}", "-ulab", "-e", statements]
    run(site, command, {"MYSQL_PWD": site.secrets.database})


def together(*works: Callable[[], None]) -> None:
    """Do several things at once, and wait for all.

    :raises LabError: that of the first that failed
    """
    with ThreadPoolExecutor(len(works)) as pool:
        for running in [pool.submit(work) for work in works]:
            running.result()
