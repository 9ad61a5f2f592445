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
from pathlib import Path

from python_terraform import IsFlagged

from adaptors.vim.port import Progress
from adaptors.vim.terraform import states
from adaptors.vim.terraform.cli import Cli, Ended
from adaptors.vim.terraform.messages import Log
from adaptors.vim.terraform.processes import PACE_S, marked
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.states import BrokenStateError, State
from adaptors.vim.terraform.workspaces import CutOff, Run, Workspace

_LOCKED = "Error acquiring the state lock"
_FIELD = re.compile(r"\b(ID|Who|Created):\s+(.+?)(?=\s+(?:ID|Path|Operation|Who|Version|Created|Info):|$)")
_HOLDER = re.compile(r"already locked: ID=([\w-]+)")
_BEFORE_LOCK = ("version", "diagnostic")
"""Kinds of messages that come before Terraform has the lock."""
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
        heard = Log(place.directory / run.log, place.directory).more()
        locked = any(each.kind not in _BEFORE_LOCK for each in heard)
        place.note(CutOff(started=run.started, until=time.time(), locked=locked))
        site.changed(place)
    _push_errored(site, cli, progress)
    restore(site, place)
    if run is not None:
        (place.directory / ".terraform.tfstate.lock.info").unlink(missing_ok=True)
        if run.command == "apply":
            _adopt(site, cli, progress)
        place.forget(Run)


def goes_on(place: Workspace) -> bool:
    """Whether a run has outlived its worker."""
    run = place.run()
    return run is not None and bool(marked(run.mark)[0])


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


def before(site: Site, place: Workspace) -> State:
    """The state before the one that is being written; empty where there is none."""
    path = site.state_file(place)
    try:
        return states.read(path.with_name(f"{path.name}.backup")) if path else State()
    except BrokenStateError:
        return State()


def locked_out(cli: Cli, ended: Ended, progress: Progress) -> bool:
    """Whether a run met a lock that nobody holds any more, and that is gone now.

    :raises VimUnavailableError: if somebody holds it: who, and since when
    """
    heard = [*(each.words for each in ended.troubles), "" if ended.ok else ended.log.error()]
    said = next((words for words in heard if words.startswith(_LOCKED)), None)
    if said is None:
        return False
    lock = _lock(said)
    if _ours(cli.place, lock):
        progress(f"taking away the lock {lock['ID']} of a run that was cut off")
        cli.place.forget(CutOff)
        return cli.run(
            "force-unlock", progress, lock["ID"], log=_aside(cli), recorded=False, force=IsFlagged
        ).ok
    if "ID" not in lock:
        raise cli.call.unavailable(said)
    who = f"{lock['Who']} since {lock.get('Created', '?')}" if "Who" in lock else "somebody"
    raise cli.call.unavailable(
        f"the state of {cli.place.directory.name} is locked by {who} (lock {lock['ID']}); "
        f"if that one is dead: terraform force-unlock {lock['ID']} in {cli.place.directory}"
    )


def _lock(said: str) -> dict[str, str]:
    """What an error says of the lock in the way. The backend http tells its id, and then of our own."""
    lock = dict(_FIELD.findall(said))
    holder = _HOLDER.search(said)
    return {"ID": holder[1]} if holder and holder[1] != lock.get("ID") else lock


def _ours(place: Workspace, lock: dict[str, str]) -> bool:
    """Whether the run that was cut off took it, by where and when it was taken.

    Where that is not told: that run had the lock, and could not give it back.
    """
    cut = place.cut_off()
    if cut is None or "ID" not in lock:
        return False
    if "Who" not in lock:
        return cut.locked
    try:
        made = datetime.strptime(lock["Created"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except (KeyError, ValueError):
        return False
    here = lock["Who"].rpartition("@")[2] == socket.gethostname()
    return here and cut.started - _CLOCK_S <= made <= cut.until + _CLOCK_S


def _aside(cli: Cli) -> Path:
    """For what is said by commands between those whose words matter later."""
    return cli.place.directory / "aside.log"


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
    for _ in range(2):
        ended = cli.run("state push", progress, str(errored), log=_aside(cli), recorded=False)
        if not locked_out(cli, ended, progress):
            break
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
            _import(cli, address, identity, progress)
            site.changed(cli.place)


def _import(cli: Cli, address: str, identity: str, progress: Progress) -> None:
    """That there is nothing to import is as well: then it was not created."""
    values = str(cli.place.values)
    for _ in range(2):
        ended = cli.run(
            "import", progress, address, identity, log=_aside(cli), recorded=False, var_file=values
        )
        if not locked_out(cli, ended, progress):
            return


def _identity(site: Site, address: str) -> str | None:
    """What a resource whose creation was begun can be found by, where the PoP's settings say it."""
    key = _KEY.search(address)
    kind = _KEY.sub("", address).split(".")[-2]
    template = site.settings.adopt.get(kind)
    return template.replace("{key}", key[1]) if template and key else None
