"""By which reliability profile an operation goes: its own, its descriptor's, or that of the workers."""

from contextlib import suppress

from catalogue.store import Catalogue
from domain.errors import InputError, UnknownError
from domain.recovery import PROFILES, Profile, Recovery
from domain.requests import BeginOperation


class Recoveries:
    """Settles what operations go by."""

    def __init__(self, catalogue: Catalogue, own: Profile) -> None:
        self._catalogue = catalogue
        self._own = own
        self._known = {**PROFILES, own.profile: own}

    def of(self, start: BeginOperation) -> tuple[Recovery, str]:
        """What an operation goes by, and what is worth saying of it.

        :raises InputError: if the request names a profile that is not known here
        """
        recovery, note = self._of_profile(start)
        return (recovery.by_policy(start.kind) if start.by_policy else recovery), note

    def _of_profile(self, start: BeginOperation) -> tuple[Recovery, str]:
        if start.reliability:
            return self._named(start.reliability).recovery(start.kind, start.tenant), ""
        wanted = self._of_descriptor(start)
        profile = self._known.get(wanted) if wanted else self._own
        note = ""
        if profile is None:  # a service must not stay broken because a file is missing on a worker
            profile = self._own
            note = f"the descriptor's reliability profile {wanted} is not known to the workers; "
            note += f"{profile.profile} was taken"
        return profile.recovery(start.kind, start.tenant), note

    def _named(self, name: str) -> Profile:
        if name not in self._known:
            raise InputError(
                f"reliability: no profile {name!r}; the workers know {', '.join(sorted(self._known))} "
                "(`interlace up --reliability FILE` gives them another)"
            )
        return self._known[name]

    def _of_descriptor(self, start: BeginOperation) -> str | None:
        name, version = start.descriptor, start.version
        if name is None:
            with suppress(UnknownError):  # planning says so, where there is no such service
                deployed = self._catalogue.services.deployment(start.service)
                if deployed:
                    name, version = deployed.descriptor, version or deployed.version
        if name is None:
            return None
        with suppress(UnknownError):
            return self._catalogue.descriptors.get(name, version).reliability
        return None
