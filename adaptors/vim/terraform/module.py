"""The module of a PoP, as far as it has to be known before Terraform reads it."""

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from adaptors.vim.terraform.calls import Call

_VARIABLE = re.compile(r'^\s*variable\s+"([^"]+)"', re.MULTILINE)
_OUTPUT = re.compile(r'^\s*output\s+"([^"]+)"', re.MULTILINE)
_SHOWN = 8


@dataclass(frozen=True)
class PopModule:
    """Its directory, and what it declares."""

    directory: Path
    variables: frozenset[str]
    outputs: frozenset[str]
    digest: str
    """Of all its files of configuration, those of modules below it too."""

    def check(self, call: Call, given: frozenset[str], secret: bool) -> None:
        """See that it keeps to the contract.

        :param given: the variables that the PoP's settings and credential give it
        :param secret: whether an instance has secrets
        :raises VimRefusedError: naming what is missing, and where
        """
        for what, declared in (("variable", self.variables), ("output", self.outputs)):
            if "instances" not in declared:
                raise call.refused(f'module {self.directory} must declare {what} "instances", and does not')
        if unknown := sorted(given - self.variables):
            known = ", ".join(sorted(self.variables)[:_SHOWN])
            raise call.refused(
                f"module {self.directory} has no variable {', '.join(unknown)} (it declares {known})"
            )
        if secret and "secrets" not in self.variables:
            raise call.refused(
                f'module {self.directory} must declare variable "secrets" to run what has secrets'
            )


def read(directory: Path, call: Call) -> PopModule:
    """What a directory declares.

    :raises VimRefusedError: if it is no directory of Terraform configuration
    """
    files = sorted([*directory.glob("*.tf"), *directory.glob("*.tf.json")])
    if not files:
        what = "has no *.tf file" if directory.is_dir() else "is no directory"
        raise call.refused(f"module {directory} {what}: vim.settings.module must name a Terraform module")
    texts = [(path, path.read_text(errors="replace")) for path in files]
    return PopModule(
        directory=directory,
        variables=frozenset(_declared(texts, "variable", _VARIABLE)),
        outputs=frozenset(_declared(texts, "output", _OUTPUT)),
        digest=_digest(directory),
    )


def _declared(texts: list[tuple[Path, str]], block: str, pattern: re.Pattern[str]) -> set[str]:
    """Names only; what is wrong with a file, Terraform says better."""
    found: set[str] = set()
    for path, text in texts:
        if path.suffix == ".tf":
            found.update(pattern.findall(text))
            continue
        try:
            content = json.loads(text).get(block, {})
        except (ValueError, AttributeError):
            continue
        blocks = content if isinstance(content, list) else [content]
        found.update(name for each in blocks if isinstance(each, dict) for name in each)
    return found


def _digest(directory: Path) -> str:
    digest = hashlib.sha256()
    for pattern in ("*.tf", "*.tf.json", ".terraform.lock.hcl"):
        for path in sorted(directory.rglob(pattern)):
            digest.update(str(path.relative_to(directory)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
