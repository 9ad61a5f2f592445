"""Reliability profiles for people, for programs, and for docker-compose."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from catalogue.profiles import profile_yaml
from domain.names import OperationKind
from domain.recovery import PROFILES, Profile, Recovery
from interfaces.cli.output import table
from interfaces.cli.profiling import goes_on_after, in_a_line
from workers.reliability import VARIABLE, is_file

MOUNTED = "/etc/interlace-reliability"
"""Where docker-compose.yml puts deploy/reliability."""


def listed(profile: Profile, used: Profile | None) -> dict[str, Any]:
    """For programs."""
    return {
        **profile.model_dump(mode="json", exclude_none=True),
        "built_in": PROFILES.get(profile.profile) == profile,
        "in_use": profile == used,
        "goes_on_after_s": goes_on_after(profile),
        "operations_go_by": [
            {
                "tenant": tenant,
                "operations": [*kinds],
                **recovery.model_dump(mode="json", exclude={"profile"}),
            }
            for tenant, kinds, recovery in _outcomes(profile)
        ],
    }


def show_list(known: Sequence[Profile], used: Profile | None) -> None:
    """Print what tells them apart."""
    rows = [
        (
            each.profile + (" (in use)" if each == used else ""),
            f"{each.heartbeat_timeout:g} s",
            f"{goes_on_after(each):g} s",
            each.steps_per_checkpoint,
            each.workers,
            each.priority,
            each.description,
        )
        for each in known
    ]
    table(["profile", "noticed after", "goes on after", "steps", "workers", "priority", "description"], rows)
    print(
        "\nnoticed after: so long a worker is silent at most; steps: to a checkpoint; priority: 1 goes first"
    )
    print("apply with: interlace up --reliability NAME|FILE; to one operation: scale ... --reliability NAME")


def explain(profile: Profile, used: Profile | None) -> None:
    """Print all of one."""
    about = f": {profile.description}" if profile.description else ""
    print(f"{profile.profile}{' (in use)' if profile == used else ''}{about}\n")
    shown = profile.model_dump(mode="json", exclude={"profile", "description", "operations", "tenants"})
    told = Profile.model_fields
    rows = [(name, value, told[name].description or "") for name, value in shown.items()]
    table(["setting", "value", "what it is"], rows)
    print("\noperations go by")
    _operations(profile)
    print(f"\n{in_a_line(profile)}")


def _operations(profile: Profile) -> None:
    from workers.heartbeats import LEAST_S

    rows = [
        (
            tenant or ("any other" if profile.tenants else "any"),
            _kinds(kinds),
            f"{recovery.heartbeat_timeout_s:g} s",
            f"{max(LEAST_S, recovery.heartbeat_timeout_s / profile.beats_per_timeout):.3g} s",
            recovery.steps_per_checkpoint,
            f"{recovery.first_pause_s:g} s",
            recovery.priority,
            f"{recovery.fairness_weight:g}",
        )
        for tenant, kinds, recovery in _outcomes(profile)
    ]
    columns = ("tenant", "operation", "time-out", "beat every", "steps", "first pause", "priority", "weight")
    table(columns, rows)


def _outcomes(profile: Profile) -> Iterator[tuple[str | None, tuple[OperationKind, ...], Recovery]]:
    """What operations come to: tenant (None: any other), the kinds that are alike, and what they go by."""
    for tenant in (*profile.tenants, None):
        alike: dict[Recovery, list[OperationKind]] = {}
        for kind in OperationKind:
            # the empty name is no tenant's
            alike.setdefault(profile.recovery(kind, tenant or ""), []).append(kind)
        for recovery, kinds in alike.items():
            yield tenant, tuple(kinds), recovery


def _kinds(kinds: Sequence[OperationKind]) -> str:
    if len(kinds) == len(OperationKind):
        return "all"
    missing = [kind.value for kind in OperationKind if kind not in kinds]
    return f"all but {', '.join(missing)}" if len(missing) < len(kinds) else ", ".join(kinds)


def template(profile: Profile) -> str:
    """A file to start from; a built-in's gets another name, for its own is taken."""
    name = f"my-{profile.profile}" if profile.profile in PROFILES else profile.profile
    head = f"# A reliability profile: `interlace up --reliability ./{name}.yaml` (docs/reliability.md)\n\n"
    return head + profile_yaml(profile.model_copy(update={"profile": name}))


def for_compose(profile: Profile, word: str) -> str:
    """Lines of .env beside docker-compose.yml.

    :param word: by which the profile was named
    """
    lines = [f"# The reliability profile {profile.profile}, for docker-compose.yml (docs/deployment.md)"]
    value = profile.profile
    if PROFILES.get(profile.profile) != profile:
        file = Path(word).name if is_file(word) else f"{profile.profile}.yaml"
        value = f"{MOUNTED}/{file}"
        lines.append(f"# {_beforehand(word, file)}")
    return "\n".join([*lines, f"{VARIABLE}={value}", f"INTERLACE_WORKERS={profile.workers}", ""])


def _beforehand(word: str, file: str) -> str:
    if is_file(word):
        return f"Before: cp {quote(word)} deploy/reliability/"
    return f"Before: interlace reliability profiles {word} --yaml > deploy/reliability/{file}"
