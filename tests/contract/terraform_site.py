"""A PoP that real Terraform serves, over the lab's cloud."""

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from adaptors.vim.terraform import binary
from adaptors.vim.terraform.vim import TerraformVim, open_terraform
from domain.infrastructure import Resources
from domain.instances import PopAccess
from lab.terraform.lab import TerraformLab
from lab.terraform.world import World

POP = "berlin"
TOTAL = Resources.of(4, 4096, 40)
IMAGE = "nginx"
SECRET = "correct-horse-battery"


class TerraformSite:
    """One PoP of the lab, in a home of its own; nothing of it outlives the test's directory."""

    def __init__(self, home: Path, total: Resources = TOTAL) -> None:
        if binary.find() is None:
            pytest.skip("there is no terraform on PATH, nor a bundled one")
        self.home = home
        self.total = total
        self.lab = TerraformLab(home / "lab" / "terraform")
        self.lab.up(lambda _: None)
        (home / "secrets").mkdir(exist_ok=True)
        (home / "secrets" / "shop-password").write_text(SECRET)

    @property
    def cloud(self) -> World:
        return self.lab.cloud

    @property
    def directory(self) -> Path:
        """Of the component that most tests are of."""
        return self.home / "terraform" / POP / "shop.web"

    def open(self, **settings: Any) -> Vim:
        """A new handle on the PoP, as another worker would have."""
        return open_vim("terraform", self.access(**settings), self.home)

    def terraform(self, credential: str | None = None, **settings: Any) -> TerraformVim:
        """The same, with what only this VIM has."""
        access = self.access(**settings).model_copy(update={"credential": credential})
        return open_terraform(access, self.home)

    def access(self, **settings: Any) -> PopAccess:
        said = {**self.lab.pop_settings(), **settings}
        return PopAccess(
            name=POP,
            capacity=self.total,
            settings={key: value for key, value in said.items() if value is not None},
        )

    def slow(self) -> Vim:
        """Creates and deletes wait for at least 1 s."""
        self.cloud.rule(create_delay_s=1.0, delete_delay_s=1.0)
        return self.open()

    def crash(self, name: str) -> None:
        """Let a server fail by itself, and Terraform notice it: only its refresh can."""
        self.cloud.fail(name)
        deadline = time.monotonic() + 20.0
        while self.open().ailment(name) is None:
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def delete_by_hand(self, name: str) -> None:
        """As an operator would, behind everybody's back."""
        self.cloud.vanish(name)

    def away(self, gone: bool = True) -> None:
        """The cloud answers nothing but that it cannot now."""
        words = {"operation": "*", "message": "503 Service Unavailable", "times": 10**6}
        self.cloud.rule(faults=[words] if gone else None)

    def module(self) -> Path:
        """A copy of the lab's module, to be changed."""
        copy = self.home / "module"
        shutil.copytree(Path(str(self.lab.pop_settings()["module"])), copy)
        return copy
