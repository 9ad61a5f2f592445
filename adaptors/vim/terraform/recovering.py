"""What a run of Terraform that was cut off has left is made good, before anything else is done.

Nothing is lost by that: an errored state is pushed, a torn one restored, and what the run's log says was
created, or perhaps was, and is not in the state, is imported.
"""

import re
import shutil
import signal
import socket
import time
from datetime import UTC, datetime

from python_terraform import IsFlagged

from adaptors.vim.port import Progress
from adaptors.vim.terraform import states
from adaptors.vim.terraform.cli import Cli, Ended
from adaptors.vim.terraform.messages import Log
from adaptors.vim.terraform.processes import PACE_S, marked
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.states import BrokenStateError
from adaptors.vim.terraform.workspaces import CutOff, Run, Workspace

_LOCKED = "Error acquiring the state lock"
_FIELD = re.compile(
    r"\b(ID|Operation|Who|Created):\s+(.+?)(?=\s+(?:ID|Path|Operation|Who|Version|Created|Info):|$)"
)
_CLOCK_S = 2.0
_KEY = re.compile(r'\["((?:[^"\\]|\\.)*)"\]$')


def settle(site: Site, cli: Cli, progress: Progress) -> None:
    """Wait for a run that outlived its worker, and make good what one that was cut off has left.

    :raises VimUnavailableError: if the state that it left cannot be pushed yet
    """
    place = cli.place
    run = place.run()
    if run is not None:
        _outwait(run, place, progress)
        place.note(CutOff(started=run.started, until=time.time()))
        site.changed(place)
    _push_errored(site, cli, progress)
    restore(site, place)
    if run is not None:
        (place.directory / ".terraform.tfstate.lock.info").unlink(missing_ok=True)
        if run.command == "apply":
            _adopt(site, cli, progress)
        place.forget(Run)


def restore(site: Site, place: Workspace) -> None:
    """Where a state file was cut off while it was written, take the one before."""
    path = site.state_file(place)
    if path is None:
        return
    try:
        states.read(path)
    except BrokenStateError:
        shutil.copyfile(path, path.with_name(f"{path.name}.broken"))
        backup = path.with_name(f"{path.name}.backup")
        if backup.exists():
            draft = path.with_name(f"{path.name}.new")
            shutil.copyfile(backup, draft)
            draft.replace(path)
        else:
            path.unlink()


def locked_out(cli: Cli, ended: Ended, progress: Progress) -> bool:
    """Whether a run met a lock that nobody holds any more, and that is gone now.

    :raises VimUnavailableError: if somebody holds it: who, and since when
    """
    said = next((each.words for each in ended.troubles if each.words.startswith(_LOCKED)), None)
    if said is None:
        return False
    lock = dict(_FIELD.findall(said))
    if _ours(cli.place, lock):
        progress(f"taking away the lock {lock['ID']} of a run that was cut off")
        return cli.run("force-unlock", progress, lock["ID"], force=IsFlagged).ok
    if "Who" not in lock:
        raise cli.call.unavailable(said)
    raise cli.call.unavailable(
        f"the state of {cli.place.directory.name} is locked by {lock['Who']} "
        f"since {lock.get('Created', '?')} ({lock.get('Operation', '?')}, lock {lock.get('ID', '?')}); "
        "if that one is dead: "
        f"terraform force-unlock {lock.get('ID', '')} in {cli.place.directory}"
    )


def _ours(place: Workspace, lock: dict[str, str]) -> bool:
    """Whether the run that was cut off took it; where it ran, and when, are known."""
    cut = place.cut_off()
    if cut is None or "ID" not in lock or lock.get("Who", "").rpartition("@")[2] != socket.gethostname():
        return False
    try:
        made = datetime.strptime(lock["Created"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except (KeyError, ValueError):
        return False
    return cut.started - _CLOCK_S <= made <= cut.until + _CLOCK_S


def _outwait(run: Run, place: Workspace, progress: Progress) -> None:
    """Let a run that still goes on come to its end, or make it, when its time is over."""
    interrupted = 0.0
    while True:
        leaders, providers = marked(run.mark)
        if not leaders:
            break
        since = datetime.fromtimestamp(run.started, UTC).strftime("%H:%M:%S UTC")
        progress(
            f"waiting for terraform {run.command}, process {leaders[0].pid}, which goes on since {since}"
        )
        now = time.time()
        if now > run.deadline and not interrupted:
            interrupted = now
            leaders[0].signal(signal.SIGINT)
        if interrupted and now > interrupted + run.grace_s:
            for process in leaders:
                process.signal(signal.SIGKILL)
        time.sleep(PACE_S)
    for process in providers:
        process.signal(signal.SIGKILL)


def _push_errored(site: Site, cli: Cli, progress: Progress) -> None:
    """A state that Terraform could not hand to its backend."""
    errored = cli.place.directory / "errored.tfstate"
    if not errored.exists():
        return
    site.ready(cli, progress)
    progress("pushing the state that could not be saved")
    ended = cli.run("state push", progress, str(errored))
    if not ended.ok:
        raise cli.call.unavailable(
            f"the state that an earlier run could not save is in {errored}, and terraform state push says: "
            f"{cli.hidden(ended.log.tail())}"
        )
    errored.unlink()
    site.changed(cli.place)


def _adopt(site: Site, cli: Cli, progress: Progress) -> None:
    """Import what the run that was cut off created, or began to, and what its state does not know."""
    heard = Log(cli.place.log, cli.place.directory).more()
    known = set(site.state(cli.call, cli.place).addresses)
    begun = {each.address for each in heard if each.kind == "apply_start" and each.action == "create"}
    failed = {each.address for each in heard if each.kind == "apply_errored"}
    made = {each.address: each.identity for each in heard if each.kind == "apply_complete"}
    for address in sorted(begun - failed - known):
        identity = made.get(address) or _identity(site, address)
        if identity and address.startswith(states.MODULE):
            progress(f"importing {address}, which the run that was cut off may have created")
            kept = cli.place.directory / "import.log"
            cli.run(
                "import",
                progress,
                address,
                identity,
                log=kept,
                recorded=False,
                var_file=str(cli.place.values),
            )
            site.changed(cli.place)


def _identity(site: Site, address: str) -> str | None:
    """What a resource whose creation was begun can be found by, where the PoP's settings say it."""
    key = _KEY.search(address)
    kind = _KEY.sub("", address).split(".")[-2]
    template = site.settings.adopt.get(kind)
    return template.replace("{key}", key[1]) if template and key else None
