"""Which reliability profile is meant: a built-in by its name, or a file."""

from pathlib import Path

from catalogue.documents import MAX_BYTES
from catalogue.profiles import profile_yaml, read_profile
from domain.errors import UnknownError
from domain.recovery import PROFILES, Profile
from domain.spelling import hint

VARIABLE = "INTERLACE_RELIABILITY"
"""Of the environment: the profile that workers go by."""
COPY = "reliability.yaml"
"""In the state directory: of the profile that `interlace up` was given as a file."""
_ENDINGS = (".yaml", ".yml", ".json")


def profile_named(text: str) -> Profile:
    """A built-in profile's name, else the path of a YAML file: it has a slash, or ends in .yaml or .yml.

    :raises UnknownError: if there is no such profile, or the file cannot be read
    :raises DocumentError: with all that is wrong in the file
    """
    if text in PROFILES:
        return PROFILES[text]
    if is_file(text):
        return read_profile(_content(Path(text)), text)
    raise UnknownError(f"no reliability profile {text!r}: {_known(text)}; {_file_hint(text)}")


def kept(profile: Profile, home: Path) -> str:
    """A word that means this profile, whatever becomes of the file that it is from: the path of a copy.

    :param home: the state directory, where the copy is
    :raises UnknownError: if it cannot be written
    """
    if PROFILES.get(profile.profile) == profile:
        return profile.profile
    copy, draft = home / COPY, home / f"{COPY}.new"
    try:
        draft.write_text(profile_yaml(profile))
        draft.replace(copy)
    except OSError as error:
        raise UnknownError(f"cannot write {copy}: {error.strerror}") from error
    return str(copy.absolute())


def is_file(text: str) -> bool:
    """Whether a word means a file, not a built-in."""
    return "/" in text or text.lower().endswith(_ENDINGS)


def profile_known(name: str, own: Profile) -> Profile | None:
    """The profile of that name: the own one, or a built-in; None where there is none."""
    return own if name == own.profile else PROFILES.get(name)


def _known(text: str) -> str:
    guess = hint(text, PROFILES)
    return guess if guess.startswith("known") else f"{guess} (known: {', '.join(sorted(PROFILES))})"


def _file_hint(text: str) -> str:
    """How the file that was perhaps meant is named."""
    meant = next((each for each in (text, *(text + end for end in _ENDINGS)) if Path(each).is_file()), None)
    return f"the file is ./{meant}" if text and meant else "or name a YAML file, such as ./my.yaml"


def _content(path: Path) -> bytes:
    try:
        path = path.expanduser()
        if path.exists() and not path.is_file():
            raise UnknownError(f"cannot read {path}: it is no regular file, and every worker reads it anew")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnknownError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
