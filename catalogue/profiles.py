"""Reliability profiles from the files that people write, and back. No I/O."""

from collections.abc import Iterator
from textwrap import wrap

import yaml

from catalogue.documents import OF_DESCRIPTORS, Path, read
from domain.contradictions import Complaint
from domain.recovery import PROFILES, Override, Profile

LEAST_TIMEOUT_S = 0.1
"""Of heartbeats: a worker that lives is often silent for less."""


def read_profile(content: bytes, source: str) -> Profile:
    """A profile from YAML or JSON.

    Its durations are such as come back when it is written: 700 ms are 0.7 s, not 0.7000000000000001 s.

    :raises DocumentError: with all that is wrong in it
    """
    found = read(content, source, Profile, _complaints, OF_DESCRIPTORS)
    return Profile.model_validate_json(found.model_dump_json())


def profile_yaml(profile: Profile) -> str:
    """As a file that `read_profile` reads again, with what each setting is."""
    return "\n".join(_lines(profile))


def _lines(profile: Profile) -> Iterator[str]:
    for name, value in profile.model_dump(mode="json", exclude_none=True).items():
        told = Profile.model_fields[name].description or ""
        yield from (f"# {line}" for line in wrap(told, 100))
        yield yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True, width=100)


def _complaints(profile: Profile) -> list[Complaint]:
    return [*_hasty(profile), *_taken(profile)]


def _taken(profile: Profile) -> Iterator[Complaint]:
    """A name must not mean one thing to the workers, and another to whoever reads the list."""
    if PROFILES.get(profile.profile, profile) != profile:
        yield ("profile",), f"{profile.profile!r} is a built-in profile: another needs a name of its own"


def _hasty(profile: Profile) -> Iterator[Complaint]:
    places: list[tuple[Path, Profile | Override]] = [((), profile)]
    places += [(("operations", kind), each) for kind, each in profile.operations.items()]
    places += [(("tenants", tenant), each) for tenant, each in profile.tenants.items()]
    for path, each in places:
        if each.heartbeat_timeout is not None and each.heartbeat_timeout < LEAST_TIMEOUT_S:
            least = f"{LEAST_TIMEOUT_S * 1000:g} ms"
            yield (*path, "heartbeat_timeout"), f"at least {least}, or workers that live would count as dead"
