"""The control plane's programs, compiled from Debian's own source package into a cache.

Debian has no package of them. Its source package is Kubernetes 1.20.2, which Debian's Go 1.19 compiles; etcd
comes as Debian's package. Root is not needed.
"""

import fcntl
import json
import os
import platform
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from lab.daemons import Daemon, Daemons, last_lines
from lab.kubernetes.archive import Packages, lacking
from lab.places import cache_directory
from lab.port import LabError, Say

KUBERNETES = "1.20.2"
GO = "1.19"
RECIPE = 1
"""Counts how the programs are made: another number, and older caches are not believed."""
COMPILED = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
PROGRAMS = ("etcd", *COMPILED)
DISK_GIB = 6
MINUTES = "8 minutes of processor time"

_REFLECT = "vendor/github.com/modern-go/reflect2"
_GO_CACHE = "_output/local/go/cache"
_DRAFT = ".unfinished-"
_COMPILER = "compiler"
_LOOK_EVERY_S = 0.5
_SAY_EVERY_S = 20.0


def directory() -> Path:
    """Where the programs of this recipe lie, or will: outside of any checkout."""
    name = f"{KUBERNETES}-go{GO}-{platform.machine()}-{RECIPE}"
    return cache_directory() / "kubernetes" / name


def built() -> bool:
    """Whether the programs are there: their directory appears whole, or not at all."""
    return directory().is_dir()


def build(say: Say) -> Path:
    """Make the programs, unless they are there, and give their directory.

    Who else makes them at the same time is waited for. What an interrupted build left is removed.

    :raises LabError: if this machine cannot compile them, or Debian's packages are not to be had
    """
    target = directory()
    if built():
        return target
    _demand(target)
    with _alone(target.parent, say):
        if built():
            return target
        _remove_drafts(target, say)
        draft = Path(mkdtemp(prefix=f"{target.name}{_DRAFT}", dir=target.parent))
        try:
            _build_in(draft, say)
            (draft / "programs").rename(target)
        finally:
            _remove_drafts(target, say)
    return target


def _demand(target: Path) -> None:
    missing = lacking()
    if missing:
        raise LabError(
            f"to build Kubernetes {KUBERNETES} this machine lacks Debian's {', '.join(missing)}; "
            "install them, or use a cluster of your own: docs/labs-kubernetes.md"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(target.parent).free / 2**30
    if free < DISK_GIB:
        raise LabError(
            f"building Kubernetes takes {DISK_GIB} GiB below {target.parent} for some minutes, "
            f"and {free:.1f} GiB are free; XDG_CACHE_HOME names another place"
        )


@contextmanager
def _alone(cache: Path, say: Say) -> Iterator[None]:
    """Hold the cache's lock."""
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("somebody else is building Kubernetes here; waiting for them")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_drafts(target: Path, say: Say) -> None:
    """End the compiler, which goes on where its starter was killed, and remove what there is of the build."""
    Daemons(target.parent).end([_COMPILER])
    for draft in target.parent.glob(f"{target.name}{_DRAFT}*"):
        say(f"removing {draft}")
        shutil.rmtree(draft, ignore_errors=True)


def _build_in(draft: Path, say: Say) -> None:
    daemons = Daemons(draft.parent)
    packages = Packages(draft, daemons.output("packages"))
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
    _compile(source, _environment(source, packages.root, draft), daemons, say)
    say("3/3 putting the programs into the cache")
    _collect(source, packages.root, draft / "programs")


def _compile(source: Path, environment: dict[str, str], daemons: Daemons, say: Say) -> None:
    """Compile COMPILED into `_output/bin` of the source.

    :raises LabError: if one of them is not there in the end
    """
    settings = [f"{key}={value}" for key, value in environment.items()]
    what = " ".join(f"cmd/{name}" for name in COMPILED)
    command = ("nice", "-n", "5", "env", "-i", f"--chdir={source}", *settings, "make", f"WHAT={what}")
    daemons.start(Daemon(_COMPILER, command))
    began = said = time.monotonic()
    while daemons.process(_COMPILER):
        time.sleep(_LOOK_EVERY_S)
        if time.monotonic() - said > _SAY_EVERY_S:
            said = time.monotonic()
            done = sum(1 for _ in (source / _GO_CACHE).rglob("*-d"))
            say(f"    {said - began:.0f} s, {done} objects compiled")
    if not all((source / "_output" / "bin" / name).exists() for name in COMPILED):
        raise LabError(f"Kubernetes was not compiled; {last_lines([daemons.output(_COMPILER)])}")


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
