"""Function images: directories whose function.yaml says how to configure, start, check and drain an instance.

A user adds one without touching our code; docs/functions.md is the contract.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from domain.errors import DocumentError, Issue, UnknownError
from domain.models import Model, Name, Version
from domain.units import DurationS

MANIFEST = "function.yaml"
SHIPPED = Path(__file__).resolve().parents[3] / "examples" / "functions"

Value = str | int | float | bool
Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


class Setting(Model):
    """One key of the config that a descriptor may give to instances of the function."""

    type: Literal["string", "integer", "number", "boolean"]
    default: Value | None = None
    required: bool = False
    choices: tuple[Value, ...] = ()
    """Where there are any, a value is one of them."""
    description: str = ""

    def complaint(self, value: Any) -> str | None:
        """What is wrong with a value, in words; None where nothing is."""
        is_bool = isinstance(value, bool)
        if not isinstance(value, TYPES[self.type]) or (is_bool and self.type != "boolean"):
            article = "an" if self.type == "integer" else "a"
            return f"{value!r} is not {article} {self.type}"
        if self.choices and value not in self.choices:
            return f"{value!r} is not one of {', '.join(map(str, self.choices))}"
        return None

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.required and self.default is not None:
            raise ValueError("what is required needs no default: leave out one of the two")
        given = self.choices if self.default is None else (*self.choices, self.default)
        if complaint := next(filter(None, map(self.complaint, given)), None):
            raise ValueError(f"default and choices: {complaint}")
        return self


class Hooks(Model):
    """Commands, as words. The first is a path within the function's directory, or a command on PATH."""

    configure: Words | None = None
    """Once before start, and again while running after a change of config (INTERLACE_RUNNING=1)."""
    start: Words | None = None
    """The process that runs as long as the instance does; without it the kernel does the work."""
    check: Words | None = None
    """Healthy, where it exits with 0; its output is a line of detail."""
    ready: Words | None = None
    """Ready to serve now that the network is connected, where it exits with 0."""
    drain: Words | None = None
    """Take no new work and return when none is in flight."""
    report: Words | None = None
    """Print one JSON object of the function's own counters."""

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Those that are there, by name."""
        return ((name, words) for name, words in self if words is not None)


class Manifest(Model):
    """The content of a function.yaml."""

    api_version: Literal["interlace/v1"]
    kind: Literal["Function"]
    name: Name
    version: Version
    description: str = ""
    forwarding: Literal["routed", "terminating"]
    """Whether packets pass from one of its two connection points to the other, or end in it."""
    needs: tuple[Name, ...] = ()
    """Commands that must be on the machine."""
    ready_timeout: DurationS = 10.0
    config: dict[str, Setting] = {}
    hooks: Hooks = Hooks()


class Function(Manifest):
    """A function image, as found in a directory."""

    directory: Path

    @property
    def image(self) -> str:
        return f"{self.name}:{self.version}"

    def settings(self, config: Mapping[str, Any]) -> dict[str, Value]:
        """The config of an instance, with defaults filled in.

        :raises DocumentError: with every unknown key, wrong value and missing one
        """
        issues = [Issue(line=None, path=f"config.{key}", message=text) for key, text in self._wrong(config)]
        if issues:
            raise DocumentError(f"function {self.image}", issues)
        defaults = {key: each.default for key, each in self.config.items() if each.default is not None}
        return {**defaults, **config}

    def _wrong(self, config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for key, value in config.items():
            if key not in self.config:
                yield key, f"unknown setting{_hint(key, list(self.config))}"
            elif complaint := self.config[key].complaint(value):
                yield key, complaint
        for key, setting in self.config.items():
            if setting.required and key not in config:
                yield key, f"required, but missing: {setting.description or f'a {setting.type}'}"

    def missing_commands(self) -> tuple[str, ...]:
        """Commands that the function needs and this machine lacks."""
        first = [words[0] for _, words in self.hooks.items() if "/" not in words[0]]
        wanted = dict.fromkeys([*self.needs, *first])
        return tuple(name for name in wanted if shutil.which(name, path=search_path()) is None)


def search_path() -> str:
    """PATH for hooks: our own Python first; at the end where Debian keeps nft, ip and haproxy."""
    ours = str(Path(sys.executable).parent)
    return os.pathsep.join([ours, os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def function_path(home: Path) -> tuple[Path, ...]:
    """Where functions are looked for: INTERLACE_FUNCTIONS, the user's own, then those that come with us."""
    named = [Path(each) for each in os.environ.get("INTERLACE_FUNCTIONS", "").split(os.pathsep) if each]
    return (*named, home / "functions", SHIPPED)


def known_functions(where: Sequence[Path]) -> tuple[Function, ...]:
    """All functions in these directories; of two with the same name and version, the first.

    :raises DocumentError: of the first that cannot be read
    """
    functions, broken = _read_all(where)
    if broken:
        raise broken[0]
    return functions


def find_function(image: str, where: Sequence[Path]) -> Function:
    """The function named `name:version`, or the newest version of `name`.

    :raises UnknownError: where there is none, saying where it looked and what there is
    """
    name, _, version = image.partition(":")
    functions, broken = _read_all(where)
    found = [each for each in functions if each.name == name and version in ("", each.version)]
    if found:
        return max(found, key=_age)
    looked = ", ".join(map(str, where)) or "nowhere"
    hint = _hint(image, [each.image for each in functions])
    faults = "".join(f"\ncould not be read: {error}" for error in broken)
    raise UnknownError(f"no function image {image!r}{hint}; looked in {looked}{faults}")


def read_function(directory: Path) -> Function:
    """The function that a directory holds.

    :raises DocumentError: with all that is wrong in its function.yaml
    """
    source = directory / MANIFEST
    data = _load(source)
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        raise DocumentError(str(source), [_issue(each) for each in error.errors()]) from None
    issues = [Issue(line=None, path=f"hooks.{n}", message=t) for n, t in _unusable(manifest.hooks, directory)]
    if issues:
        raise DocumentError(str(source), issues)
    return Function.model_validate({**manifest.model_dump(), "directory": directory.resolve()})


def _read_all(where: Sequence[Path]) -> tuple[tuple[Function, ...], list[DocumentError]]:
    found: dict[str, Function] = {}
    broken: list[DocumentError] = []
    for source in (path for root in where for path in sorted(root.glob(f"*/{MANIFEST}"))):
        try:
            function = read_function(source.parent)
        except DocumentError as error:
            broken.append(error)
        else:
            found.setdefault(function.image, function)
    return tuple(found.values()), broken


def _load(source: Path) -> Any:
    try:
        return yaml.safe_load(source.read_bytes())
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = f"not YAML: {' '.join(str(error).split())}"
    raise DocumentError(str(source), [Issue(line=None, path="", message=message)]) from None


def _unusable(hooks: Hooks, directory: Path) -> Iterator[tuple[str, str]]:
    """Hooks whose file is not there, cannot be run or lies outside the directory."""
    for name, words in hooks.items():
        path = (directory / words[0]).resolve()
        if "/" not in words[0]:
            continue
        if not path.is_relative_to(directory.resolve()):
            yield name, f"{words[0]} is outside the function's directory; name a file in it, such as ./{name}"
        elif not path.is_file():
            yield name, f"{words[0]} does not exist in {directory}"
        elif not os.access(path, os.X_OK):
            yield name, f"{words[0]} is not executable: chmod +x {path}"


def _issue(error: Any) -> Issue:
    path = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "unknown field"
    elif error["type"] == "missing":
        message = "required, but missing"
    elif error["type"] == "string_type" and isinstance(error["input"], int | float):
        message = f"must be text: write it in quotes, as '{error['input']}'"
    return Issue(line=None, path=path, message=message)


def _hint(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{meant} (there is {', '.join(sorted(known))})" if known else " (there is none)"


def _age(function: Function) -> list[int]:
    return [int(part) for part in function.version.partition("-")[0].split(".")]
