"""Function images: directories whose function.yaml says how to configure, start, check and drain an instance.

A user adds one without touching our code; docs/functions.md is the contract.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from adaptors.vim.emulator.manifests import Hooks, Manifest, Value
from domain.errors import DocumentError, Issue, UnknownError
from domain.wording import worded

MANIFEST = "function.yaml"
SHIPPED = Path(__file__).resolve().parents[3] / "examples" / "functions"
CONNTRACK = "conntrack"
"""The command that copies tracked connections."""


class Function(Manifest):
    """A function image, as found in a directory."""

    directory: Path

    @property
    def image(self) -> str:
        return f"{self.name}:{self.version}"

    @property
    def stateful(self) -> bool:
        """Whether a successor may be given state: tracked connections, or what the function exports."""
        tracks = self.forwarding == "routed" and shutil.which(CONNTRACK, path=search_path()) is not None
        return tracks or self.hooks.export is not None

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
    return Function.model_validate({**manifest.model_dump(by_alias=True), "directory": directory.resolve()})


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


def _issue(error: ErrorDetails) -> Issue:
    path = ".".join(str(part) for part in error["loc"])
    return Issue(line=None, path=path, message=worded(error, Manifest))


def _hint(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=3, cutoff=0.5)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"{meant} (there is {', '.join(sorted(known))})" if known else " (there is none)"


def _age(function: Function) -> list[int]:
    return [int(part) for part in function.version.partition("-")[0].split(".")]
