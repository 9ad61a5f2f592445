"""What `interlace reliability` computes of what was asked for."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain.errors import InputError, UnknownError
from interfaces.cli.files import write_file
from interfaces.picture.charts import drawing
from reliability.figures.claims import Claim, Ground
from reliability.figures.conclusions import conclusions
from reliability.figures.curves import Figure, figures, over_tasks, refuse_fixed
from reliability.model.measures import DESIGNS, Units, Weights, spread
from reliability.model.parameters import Parameters, parameters
from reliability.model.ranges import outside
from reliability.tuner.knobs import Patience
from reliability.tuner.search import Asked, Limits, Tuned, tune

_GREEK = {"alpha": "r_a", "beta": "r_r", "gamma": "b_tot", "delta": "q_r"}
_LIMITS = {
    "r_r": "--recovery-ratio",
    "r_a": "--added-time",
    "b_tot": "--bandwidth",
    "q_r": "--processes",
}


def configuration(values: Sequence[str]) -> Parameters:
    """A configuration from words NAME=VALUE.

    :raises InputError: if a word is none
    :raises DocumentError: if the configuration cannot be
    """
    given: dict[str, Any] = {}
    for word in values:
        name, equals, value = word.partition("=")
        if not equals or not name or not value:
            raise InputError(f"--set {word!r}: a parameter is set as NAME=VALUE, such as n=8")
        if name in given:
            raise InputError(f"--set {word!r}: {name} is set already, to {given[name]!r}; once is enough")
        given[name] = _value(value)
    return parameters(given, "--set")


def _value(text: str) -> Any:
    """As JSON, else as the text that it is: so is a truth value, which would pass for a number."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, bool) else value


@dataclass(frozen=True)
class Reproduced:
    """The figures and what becomes of the paper's conclusions."""

    z: Parameters
    units: Units
    figures: tuple[Figure, ...]
    claims: tuple[Claim, ...]

    def write(self, directory: Path) -> list[Path]:
        """Each figure as a drawing and as numbers, and the conclusions; what is there is written over.

        :raises UnknownError: if that cannot be written
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnknownError(f"cannot make the directory {directory}: {error.strerror}") from error
        files = {
            **{f"fig{each.number}.svg": drawing(each) for each in self.figures},
            **{f"fig{each.number}.csv": _csv(each) for each in self.figures},
        }
        for name, text in files.items():
            write_file(directory / name, text)
        return [directory / name for name in sorted(files)]

    def summary(self) -> dict[str, Any]:
        """For programs."""
        return {
            "parameters": self.z.model_dump(mode="json"),
            "units": self.units.model_dump(mode="json"),
            "outside_ranges": list(outside(self.z)),
            "claims": [{**each.model_dump(mode="json"), "judged": each.judged} for each in self.claims],
        }


def reproduced(z: Parameters, units: Units | None) -> Reproduced:
    """All of it.

    :param units: of the cost. None: each measure goes from least to greatest by one, over both designs
    :raises InputError: if the configuration says something of each task, or cannot be cut as the figures do
    """
    refuse_fixed(z)
    units = units or spread(found for design in DESIGNS for _, found in over_tasks(z, design))
    drawn = figures(z, units)
    return Reproduced(z, units, drawn, tuple(conclusions(Ground(z=z, units=units))))


def _csv(figure: Figure) -> str:
    """A row for each place along the figure, a column for each curve."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([figure.along, *(each.name for each in figure.curves)])
    for places in zip(*(each.points for each in figure.curves), strict=True):
        rows.writerow([f"{places[0][0]:g}", *(f"{y:.6f}" for _, y in places)])
    return text.getvalue()


def tuned(
    z: Parameters,
    words: Sequence[str],
    limits: Mapping[str, float | None],
    weights: str,
    patience: Patience,
) -> Tuned:
    """The cheapest configuration within limits.

    :param words: what of the configuration was set: NAME=VALUE
    :raises InputError: if a limit, a weight or a set parameter cannot be
    """
    asked = Asked(
        z=z,
        fixed=frozenset(word.partition("=")[0] for word in words),
        limits=_limits(limits),
        weights=_weights(weights),
        patience=patience,
    )
    return tune(asked)


def _limits(given: Mapping[str, float | None]) -> Limits:
    try:
        return Limits.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        message = str(first["msg"]).removeprefix("Input ")
        raise InputError(f"{_LIMITS[name]} {first['input']:g}: {message}") from error


def _weights(text: str) -> Weights:
    names = tuple(Weights.model_fields)
    given: dict[str, str] = {}
    for word in text.split(","):
        name, _, value = (part.strip() for part in word.partition("="))
        known = _GREEK.get(name, name)
        if known not in names or not value:
            raise InputError(
                f"--weights {word!r}: write NAME=NUMBER, of {', '.join(names)}, with commas between"
            )
        if known in given:
            raise InputError(f"--weights {text!r}: {known} is said twice; once is enough")
        given[known] = value
    try:
        return Weights.model_validate({**dict.fromkeys(names, 0.0), **given})
    except ValidationError as error:
        raise InputError(f"--weights {text!r}: {_said(error)}") from error


def _said(error: ValidationError) -> str:
    first = error.errors()[0]
    where = f"{first['loc'][0]}: " if first["loc"] else ""
    return f"{where}{first['msg']}".replace("Value error, ", "").replace("Input should", "should")
