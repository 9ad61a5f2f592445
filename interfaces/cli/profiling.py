"""Which reliability profile `interlace up` applies, and which one is in use here."""

from domain.errors import InputError
from domain.recovery import BALANCED, Profile
from lab.runtime import Runtime
from workers.reliability import profile_named

_NAMED = 4
"""Of those for whom a profile has something else, in a line."""


def chosen(word: str | None, running: Runtime | None) -> Profile:
    """The profile that `up` is asked for; where nothing was said, the one in use or the usual.

    :raises InputError: if there is no such profile, its file is wrong, or workers run by another
    """
    if word is None:
        return running.reliability if running else BALANCED
    wanted = profile_named(word)
    if running and running.reliability != wanted:
        raise InputError(_other(wanted, running.reliability, word))
    return wanted


def _other(wanted: Profile, running: Profile, word: str) -> str:
    what = f"by the profile {running.profile}, not {wanted.profile}"
    if wanted.profile == running.profile:
        what = f"by the profile {running.profile} as it was then, and the file says something else now"
    return (
        f"already up, {what}; nothing was changed. `interlace down`, then `interlace up --reliability "
        f"{word}` applies it: operations under way wait for that, and go on as they began"
    )


def in_a_line(profile: Profile) -> str:
    """What it comes to, and for whom it is otherwise."""
    told = (
        f"a dead worker is noticed after {profile.heartbeat_timeout:g} s, its work goes on after about "
        f"{goes_on_after(profile):g} s; {checkpoints(profile.steps_per_checkpoint)}"
    )
    kinds = [kind.value for kind in profile.operations]
    others = [*kinds, *(f"tenant {tenant}" for tenant in profile.tenants)]
    return f"{told}; otherwise for {_some(others)}" if others else told


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names if more <= 0 else [*names[:_NAMED], f"and {more} more"])


def goes_on_after(profile: Profile) -> float:
    """From a worker's last beat to another's first act, in s: the one time passes after the other."""
    return round(profile.heartbeat_timeout + profile.sticky_timeout, 3)


def checkpoints(steps: int) -> str:
    """How often there is one."""
    return "a checkpoint after each step" if steps == 1 else f"a checkpoint after up to {steps} steps"
