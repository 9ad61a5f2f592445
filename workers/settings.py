"""Where this process keeps its state and finds its catalogue; from the environment."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from domain.errors import InputError
from domain.recovery import BALANCED, Profile


@dataclass(frozen=True)
class Settings:
    """Settings of a worker or a command."""

    home: Path
    """State of a single machine: database files, logs, the modelled world."""
    catalogue_url: str
    placement_time_limit_s: float = 30.0
    metrics_source: str | None = None
    """What watches ask; None: each worker measures for itself, once it watches something."""
    metrics_credential: str | None = None
    """The name of the source's credential."""
    reliability: str = BALANCED.profile
    """Names what operations go by that name no other, and the workers themselves."""

    @classmethod
    def from_environment(cls) -> "Settings":
        """INTERLACE_HOME, _CATALOGUE_URL, _CATALOGUE_PASSWORD_FILE, _METRICS_SOURCE, _METRICS_CREDENTIAL and
        _RELIABILITY.

        :raises InputError: if there can be no state directory
        """
        home = Path(os.environ.get("INTERLACE_HOME") or Path.home() / ".local" / "state" / "interlace")
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"the state directory {home} cannot be made: {error.strerror}") from error
        if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
            raise InputError(
                f"the state directory {home} is not yours to write to; INTERLACE_HOME names another"
            )
        url = os.environ.get("INTERLACE_CATALOGUE_URL") or f"sqlite:///{home / 'catalogue.db'}"
        return cls(
            home=home,
            catalogue_url=_with_password(url),
            metrics_source=os.environ.get("INTERLACE_METRICS_SOURCE") or None,
            metrics_credential=os.environ.get("INTERLACE_METRICS_CREDENTIAL") or None,
            reliability=os.environ.get("INTERLACE_RELIABILITY") or BALANCED.profile,
        )

    @cached_property
    def profile(self) -> Profile:
        """Read when it is asked for: most commands need none, and `down` must not fail of a wrong one.

        :raises InputError: if there is no such profile, or its file is wrong
        """
        from workers.reliability import profile_named

        return profile_named(self.reliability)


def _with_password(url: str) -> str:
    path = os.environ.get("INTERLACE_CATALOGUE_PASSWORD_FILE")
    if not path:
        return url
    from sqlalchemy import make_url

    with_password = make_url(url).set(password=Path(path).read_text().strip())
    return with_password.render_as_string(hide_password=False)
