"""The tuner's answer as a reliability profile."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from catalogue.profiles import profile_yaml, read_profile
from domain.errors import DocumentError, InputError
from domain.recovery import Profile
from interfaces.cli.files import write_file
from interfaces.cli.requests import complaints
from reliability.tuner.knobs import profile_of
from reliability.tuner.search import Tuned
from workers.reliability import is_file

_SIGNS = {"r_r": "R_r", "r_a": "R_a", "b_tot": "B_tot", "q_r": "Q_r"}


def written(found: Tuned, limits: Mapping[str, float | None], file: Path, name: str) -> Path:
    """Write it; what is there is written over.

    :param limits: that were asked for, by measure
    :raises InputError: if it could be no profile
    :raises UnknownError: if the file cannot be written
    """
    text = profile_yaml(_profile(found, limits, name))
    try:
        read_profile(text.encode(), str(file))
    except DocumentError as error:
        raise InputError("; ".join(f"{each.path}: {each.message}" for each in error.issues)) from None
    write_file(file, text)
    return file


def _profile(found: Tuned, limits: Mapping[str, float | None], name: str) -> Profile:
    measures, z = found.best.measures, found.best.z
    asked = [f"{_SIGNS[each]} at most {limit:g}" for each, limit in limits.items() if limit is not None]
    description = (
        f"Tuned for {z.n} tasks in {sum(z.tasks):g} s{''.join(f', {each}' for each in asked)}; the model "
        f"predicts R_a {measures.r_a:.3f} and R_r {measures.r_r:.3f}."
    )
    try:
        return profile_of(found.knobs, name, description)
    except ValidationError as error:
        raise InputError(f"this could be no profile: {complaints(error)}") from None


def as_word(file: Path) -> str:
    """As `--reliability` takes it for a file."""
    return str(file) if is_file(str(file)) else f"./{file}"
