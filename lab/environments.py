"""Python environments for the software of labs, from lists of exact versions and hashes."""

import subprocess
import sys
from pathlib import Path

from adaptors.machine.locks import locked
from lab.places import cache_directory, key_of
from lab.port import LabError, Say

_DONE = "complete"
"""The file that says an environment was installed to its end. Without it the environment is made anew."""


def environment(name: str, requirements: Path, say: Say) -> Path:
    """The directory of an environment that holds exactly these requirements, installed if it is not there.

    :param requirements: with a hash for each file, as pip-compile writes it
    :raises LabError: if pip did not install them
    """
    directory = cache_directory() / f"{name}-{key_of(requirements.read_bytes())}"
    with locked(directory.with_suffix(".lock")):
        if not (directory / _DONE).exists():
            say(f"installing {name} from the package index into {directory}")
            _install(directory, requirements)
            (directory / _DONE).touch()
    return directory


def _install(directory: Path, requirements: Path) -> None:
    _run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(directory)])
    python = str(directory / "bin" / "python")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "--disable-pip-version-check",
        "install",
        "--quiet",
    ]
    # Every package stands in the list with all that it needs: nothing is left to resolve.
    _run([*pip, "--no-deps", "--no-compile", "--require-hashes", "-r", str(requirements)])
    subprocess.run(
        [python, "-m", "compileall", "-q", "-j", "0", str(directory / "lib")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,  # packages hold files for other versions of Python
    )


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        words = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise LabError(f"{' '.join(command[:4])} ... ended with {done.returncode}:\n{words}")
