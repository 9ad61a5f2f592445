"""requirements.lock pins exactly, by hash, everything that pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; [^\\]+?)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def read_lock(text: str) -> dict[str, tuple[Version, int]]:
    """Map each pinned project to its version and its number of hashes; any other line is an error."""
    pins: dict[str, tuple[Version, int]] = {}
    name = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if HASH.match(line):
            version, count = pins[name]
            pins[name] = (version, count + 1)
        elif entry := ENTRY.match(line):
            name = canonicalize_name(entry["name"])
            assert name not in pins, f"{name} is pinned twice"
            pins[name] = (Version(entry["version"]), 0)
        else:
            raise AssertionError(f"not an exact pin with hashes: {line!r}")
    return pins


def wanted() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(r) for r in project["dependencies"] + project["optional-dependencies"]["dev"]]


def test_every_entry_is_an_exact_pin_with_hashes() -> None:
    pins = read_lock((ROOT / "requirements.lock").read_text())
    assert pins
    assert [name for name, (_, hashes) in pins.items() if hashes == 0] == []


def test_every_declared_dependency_is_locked_within_its_range() -> None:
    pins = read_lock((ROOT / "requirements.lock").read_text())
    for requirement in wanted():
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not locked: run make lock"
        assert requirement.specifier.contains(pins[name][0]), f"{name} is locked outside {requirement}"


def test_extras_are_locked_too() -> None:
    pins = read_lock((ROOT / "requirements.lock").read_text())
    assert pins["psycopg-binary"][0] == pins["psycopg"][0]


def test_the_lock_names_no_source() -> None:
    text = (ROOT / "requirements.lock").read_text()
    for word in ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", " @ ", "-e "):
        assert word not in text, f"{word!r} in requirements.lock"
