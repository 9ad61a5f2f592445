"""The control plane's programs, compiled from Debian's own source package into a cache.

Debian has no package of them. Its source package is Kubernetes 1.20.2, which Debian's Go 1.19 compiles; etcd
comes as Debian's package. Root is not needed.
"""

import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from domain.errors import InterlaceError
from lab.kubernetes.archive import Packages, lacking, tail

KUBERNETES = "1.20.2"
GO = "1.19"
RECIPE = 1
"""Counts how the programs are made: another number, and older caches are not believed."""
COMPILED = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
PROGRAMS = ("etcd", *COMPILED)
DISK_GIB = 6
MINUTES = "4 to 10 minutes on two processors"

_REFLECT = "vendor/github.com/modern-go/reflect2"
_SAY_EVERY_S = 20.0


class BuildError(InterlaceError):
    """The programs could not be made; the message says why, and what would do instead."""


def directory() -> Path:
    """Where the programs of this recipe lie, or will: outside of any checkout."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = f"{KUBERNETES}-go{GO}-{platform.machine()}-{RECIPE}"
    return Path(base) / "interlace" / "lab" / "kubernetes" / name


def built() -> bool:
    """Whether the programs are there: their directory appears whole, or not at all."""
    return directory().is_dir()


def build(say: Callable[[str], None]) -> Path:
    """Make the programs, unless they are there, and give their directory.

    Who else makes them at the same time is waited for. What an interrupted build left is removed.

    :raises BuildError: if this machine cannot compile them
    :raises PackagesError: if Debian's packages are not to be had
    """
    target = directory()
    if built():
        return target
    _demand(target)
    with _alone(target, say) as lock:
        if built():
            return target
        draft = target.with_name(f"{target.name}.unfinished")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            _build_in(draft, lock, say)
            (draft / "programs").rename(target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target


def _demand(target: Path) -> None:
    missing = lacking()
    if missing:
        raise BuildError(
            f"to build Kubernetes {KUBERNETES} this machine lacks Debian's {', '.join(missing)}; "
            "install them, or use a cluster of your own: docs/labs-kubernetes.md"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free / 2**30
    if free < DISK_GIB:
        raise BuildError(
            f"building Kubernetes takes {DISK_GIB} GiB below {target.parent} for some minutes, "
            f"and {free:.1f} GiB are free; XDG_CACHE_HOME names another place"
        )


@contextmanager
def _alone(target: Path, say: Callable[[str], None]) -> Iterator[IO[str]]:
    """Hold the cache's lock. The compiler inherits it: a build whose starter was killed still holds it."""
    with (target.parent / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("somebody else is building Kubernetes here; waiting for them")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def _build_in(draft: Path, lock: IO[str], say: Callable[[str], None]) -> None:
    draft.mkdir(parents=True)
    packages = Packages(draft, draft / "packages.log")
    say(f"building Kubernetes {KUBERNETES} from Debian's source: {MINUTES}, {DISK_GIB} GiB of disk meanwhile")
    say("1/3 fetching the compiler, etcd and the sources (230 MB)")
    packages.refresh()
    go = (f"golang-{GO}-go", f"golang-{GO}-src", "golang-github-modern-go-reflect2-dev")
    packages.unpack(*go, "rsync", "libpopt0", "libxxhash0", "etcd-server")
    source = draft / "source"
    packages.unpack_source("kubernetes", KUBERNETES, source)
    # The vendored reflect2 1.0.1 does not compile with Go 1.18 and later; Debian's 1.0.2 does.
    shutil.rmtree(source / _REFLECT)
    shutil.copytree(packages.root / "usr/share/gocode/src/github.com/modern-go/reflect2", source / _REFLECT)
    say("2/3 compiling the API server, the controller manager and the scheduler")
    _compile(source, packages.root, draft, lock, say)
    say("3/3 putting the programs into the cache")
    _collect(source, packages.root, draft / "programs")


def _compile(source: Path, root: Path, draft: Path, lock: IO[str], say: Callable[[str], None]) -> None:
    log = draft / "compile.log"
    what = " ".join(f"cmd/{name}" for name in COMPILED)
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["nice", "-n", "5", "make", f"WHAT={what}"],
            cwd=source,
            env=_environment(source, root, draft),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )
    try:
        _follow(process, log, say)
    finally:
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise BuildError(f"compiling Kubernetes ended with {process.returncode}:\n{tail(log)}")


def _follow(process: subprocess.Popen[bytes], log: Path, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    while True:
        try:
            process.wait(_SAY_EVERY_S)
            return
        except subprocess.TimeoutExpired:
            last = tail(log, 1).strip().rpartition("] ")[2]
            say(f"    {time.monotonic() - began:.0f} s: {last or 'reading the sources'}")


def _environment(source: Path, root: Path, draft: Path) -> dict[str, str]:
    """What Kubernetes' makefile goes by; nothing of the user's own Go settings gets in."""
    go = root / f"usr/lib/go-{GO}"
    major, minor, _ = KUBERNETES.split(".")
    home = draft / "home"
    home.mkdir()
    return {
        "PATH": f"{go / 'bin'}:{root / 'usr/bin'}:{os.environ.get('PATH', os.defpath)}",
        "LD_LIBRARY_PATH": str(next((root / "usr/lib").glob("*-linux-gnu*"))),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LC_ALL": "C",
        "GOROOT": str(go),
        "GOFLAGS": "",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "KUBE_GIT_VERSION": f"v{KUBERNETES}",
        "KUBE_GIT_COMMIT": "debian",
        "KUBE_GIT_TREE_STATE": "archive",
        "KUBE_GIT_MAJOR": major,
        "KUBE_GIT_MINOR": minor,
    }


def _collect(source: Path, root: Path, target: Path) -> None:
    target.mkdir()
    made = {"etcd": root / "usr/bin/etcd"}
    made |= {name: source / "_output" / "bin" / name for name in COMPILED}
    for name, path in made.items():
        shutil.copy2(path, target / name)
    sizes = {name: (target / name).stat().st_size for name in made}
    (target / "made.json").write_text(json.dumps({"kubernetes": KUBERNETES, "go": GO, "bytes": sizes}))
