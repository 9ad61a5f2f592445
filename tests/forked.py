"""The command line in a process of its own for each run, forked from one that has imported what all need.

`interlace(home, "ps")` is what `python -c "from interfaces.cli.main import main; main()" ps` is, but for the
second that its imports take. The process that forks is started with an environment that says nothing.
"""

import atexit
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from workers.loading import loading

ROOT = Path(__file__).parents[1]
_BARE = {"PATH": "/usr/bin:/bin"}
_ALSO = ("catalogue.store", "catalogue.migrate", "alembic.command", "adaptors.vim.modelled.vim")


class Forks:
    """Forks that run the command line, one after the other."""

    def __init__(self) -> None:
        self._parent: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()

    def run(self, words: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `interlace WORDS` with exactly that environment."""
        with self._turn, TemporaryDirectory() as directory:
            out, err = Path(directory, "out"), Path(directory, "err")
            order = {"words": words, "environment": dict(environment), "out": str(out), "err": str(err)}
            code = int(self._ask(json.dumps(order)))
            return subprocess.CompletedProcess(words, code, out.read_text(), err.read_text())

    def _ask(self, order: str) -> str:
        parent = self._parent or self._started()
        assert parent.stdin and parent.stdout
        print(order, file=parent.stdin, flush=True)
        return parent.stdout.readline()

    def _started(self) -> "subprocess.Popen[str]":
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "tests.forked"]
        self._parent = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=_BARE)
        atexit.register(self._parent.kill)
        return self._parent


FORKS = Forks()


def interlace(home: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command on a state directory."""
    environment = {"INTERLACE_HOME": str(home), **_BARE, "COLUMNS": "100"}
    return FORKS.run([*map(str, words)], environment)


def _serve() -> None:
    with loading():
        ours = importlib.import_module("interfaces.cli")
        names = [module.name for module in pkgutil.iter_modules(ours.__path__, "interfaces.cli.")]
        for name in [*names, *_ALSO]:
            importlib.import_module(name)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(**json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def _become(words: list[str], environment: dict[str, str], out: str, err: str) -> None:
    from interfaces.cli.main import main

    files = ((os.devnull, 0), (out, 1), (err, 2))
    for path, number in files:
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["interlace", *words]
    main()


if __name__ == "__main__":
    _serve()
