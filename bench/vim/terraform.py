"""The stage at a cloud that Terraform serves: the adaptor, and the terraform binary by hand."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from adaptors.vim.terraform import binary
from bench.vim.contenders import CAPACITY, POP, SIZE, SLOW_S, ByAdaptor, Contender, Stage
from bench.vim.grounds import children_cpu_s
from bench.vim.traffic import RUN, Asked
from domain.instances import PopAccess
from lab.port import LabStatus
from lab.terraform.lab import TerraformLab

_IMAGE = "nginx"


@contextmanager
def stage(status: LabStatus, home: Path) -> Iterator[Stage]:
    """A cloud of our own, as it costs nothing. Its processes are those that Terraform starts."""
    lab = TerraformLab(home / "lab" / "terraform")
    lab.up(lambda _: None)
    access = PopAccess(name=POP, capacity=CAPACITY, settings=lab.pop_settings())

    def vim() -> Vim:
        return open_vim("terraform", access, home)

    @contextmanager
    def slow() -> Iterator[Contender]:
        lab.cloud.rule(create_delay_s=SLOW_S)
        try:
            yield adaptor
        finally:
            lab.cloud.rule(create_delay_s=None)

    adaptor = ByAdaptor(vim, _IMAGE)
    yield Stage("terraform", adaptor, ByHand(lab, home), children_cpu_s, slow, _is_look)


def _is_look(asked: Asked) -> bool:
    """Runs that only tell how things stand."""
    return asked.method == RUN and any(words in asked.path for words in ("refresh-only", "state ", "show"))


class ByHand:
    """The same module in a directory of its own: init, a saved plan, and that applied, as for automation."""

    def __init__(self, lab: TerraformLab, home: Path) -> None:
        found = binary.find()
        assert found is not None  # the lab is up
        self._binary = found
        self._settings = lab.pop_settings()
        self._directory = home / "by-hand"
        self._plugins = home / "plugins-by-hand"
        self._plugins.mkdir()
        self._cli_config = lab.cli_config

    def create(self, numbers: Sequence[int]) -> None:
        self._directory.mkdir()
        self._write("main.tf.json", self._root())
        self._write("values.tfvars.json", {"instances": {f"by-hand-{each}": _asked() for each in numbers}})
        self._run("init")
        self._change()
        state = json.loads((self._directory / "terraform.tfstate").read_text())
        made = state["outputs"]["instances"]["value"]
        assert all(each["address"] for each in made.values()) and len(made) == len(numbers)

    def delete(self, numbers: Sequence[int]) -> None:
        if self._directory.exists():
            self._change("-destroy")
            shutil.rmtree(self._directory)

    def _change(self, *options: str) -> None:
        self._run("plan", "-out=plan.bin", "-var-file=values.tfvars.json", *options)
        self._run("apply", "plan.bin")

    def _root(self) -> dict[str, object]:
        source = os.path.relpath(str(self._settings["module"]), self._directory)
        return {
            "variable": {"instances": {"type": "any"}},
            "module": {
                "pop": {
                    "source": source,
                    "instances": "${var.instances}",
                    **dict(self._settings["variables"]),  # type: ignore[call-overload]
                }
            },
            "output": {"instances": {"value": "${module.pop.instances}"}},
        }

    def _run(self, *words: str) -> None:
        variables = {
            "TF_CLI_CONFIG_FILE": str(self._cli_config),
            "TF_PLUGIN_CACHE_DIR": str(self._plugins),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        subprocess.run(
            [str(self._binary), words[0], "-input=false", "-no-color", *words[1:]],
            cwd=self._directory,
            env={**os.environ, **variables},
            check=True,
            capture_output=True,
        )

    def _write(self, name: str, content: object) -> None:
        (self._directory / name).write_text(json.dumps(content))


def _asked() -> dict[str, object]:
    return {
        "image": _IMAGE,
        "vcpus": SIZE.vcpus,
        "memory_mib": SIZE.memory,
        "disk_gib": SIZE.disk,
        "config": {"workers": "2"},
        "environment": {"MODE": "bench"},
        "tags": {"service": "by-hand"},
    }
