"""Who goes first where workflows wait for a worker, and by which profile an operation may go."""

from temporalio.common import Priority

from domain.errors import InputError
from domain.lifecycle import AnyRequest
from domain.names import OperationKind
from domain.recovery import PROFILES, Profile
from domain.spelling import hint
from interfaces.cli.session import external_address
from lab.runtime import load
from workers.reliability import is_file, profile_known
from workers.settings import Settings


def profile_here() -> Profile | None:
    """That of the workers that `interlace up` runs here; None where none do."""
    running = load(Settings.from_environment().home)
    return running.reliability if running else None


def allowed(name: str | None) -> str | None:
    """The name of a profile that an operation may go by; what only the workers can know, they refuse.

    :raises InputError: if it is none that workers which run here know
    """
    if name is None:
        return None
    if is_file(name):
        raise InputError(
            f"--reliability {name}: an operation goes by the name of a profile; `interlace up --reliability "
            f"{name}` gives the workers that of a file"
        )
    own = profile_here()
    if own and external_address() is None and profile_known(name, own) is None:
        known = {*PROFILES, own.profile}
        raise InputError(
            f"--reliability {name}: no such profile; {hint(name, known)} (`interlace reliability profiles`)"
        )
    return name


def priority_of(kind: OperationKind, request: AnyRequest) -> Priority:
    """Of the operation's own workflow: by its profile where that is known here; tenants take turns."""
    own = profile_here()
    profile = own
    if request.reliability:
        profile = profile_known(request.reliability, own) if own else PROFILES.get(request.reliability)
    if profile is None:
        return Priority(fairness_key=request.tenant)
    recovery = profile.recovery(kind, request.tenant)
    return Priority(
        priority_key=recovery.priority,
        fairness_key=request.tenant,
        fairness_weight=recovery.fairness_weight,
    )
