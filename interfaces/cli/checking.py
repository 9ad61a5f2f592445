"""Asking the VIMs of PoPs whether they answer, and what room they have."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from activities.others import used_by_others
from activities.pops import Pops
from catalogue.store import Catalogue
from domain.errors import InterlaceError, UnknownError
from domain.infrastructure import Infrastructure, Resources
from domain.models import Model
from domain.names import CLOUD_KINDS
from domain.spelling import hint
from interfaces.cli.output import table

_AT_ONCE = 8
_NONE = Resources.of(0, 0, 0)


class Checked(Model):
    """What a PoP's VIM answered."""

    pop: str
    vim: str
    credential: str | None
    total: Resources = _NONE
    used: Resources = _NONE
    instances: int = 0
    """Those of ours."""
    others: Resources = _NONE
    """What of the declared capacity others use, or is not there."""
    problem: str = ""
    """Why it does not answer; empty where it does."""


def check_pops(store: Catalogue, home: Path, names: list[str]) -> list[Checked]:
    """Ask all at once; what others use of those that answer is noted.

    :raises UnknownError: if there is no PoP of a name
    """
    known = store.infrastructure.get()
    for name in names:
        if name not in known.pops:
            raise UnknownError(f"no PoP {name!r}; {hint(name, known.pops)}")
    pops = Pops(store, home).at_once()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="check") as pool:
        found = list(pool.map(lambda name: _checked(pops, name, known), names or sorted(known.pops)))
    noted = {each.pop: each.others for each in found if not each.problem and each.vim in CLOUD_KINDS}
    if noted:
        store.infrastructure.note_others(noted)
    return found


def _checked(pops: Pops, name: str, known: Infrastructure) -> Checked:
    pop = known.pops[name]
    asked = Checked(pop=name, vim=pop.vim.kind, credential=pop.vim.credential)
    try:
        vim = pops.vim(name)
        total, used = vim.capacity()
        answered = {"total": total, "used": used, "instances": len(vim.list({}))}
        if pop.vim.kind in CLOUD_KINDS:
            answered["others"] = used_by_others(vim, pop.capacity)
    except InterlaceError as error:
        return asked.model_copy(update={"problem": str(error)})
    return asked.model_copy(update=answered)


def shown(found: list[Checked]) -> None:
    """A table, and the problems below it."""
    rows = [
        (
            each.pop,
            each.vim,
            each.credential or "-",
            "no answer" if each.problem else "ok",
            f"{each.used.vcpus}/{each.total.vcpus}",
            f"{each.used.memory}/{each.total.memory}",
            f"{each.used.disk}/{each.total.disk}",
            f"{each.others.vcpus} vcpus, {each.others.memory} MiB" if each.others != _NONE else "-",
            str(each.instances),
        )
        for each in found
    ]
    head = ["pop", "vim", "credential", "answers", "vcpus", "memory MiB", "disk GiB", "others' use", "ours"]
    table(head, rows)
    for each in found:
        if each.problem:
            print(f"{each.pop}: {each.problem}")
