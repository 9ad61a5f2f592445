"""`interlace lab terraform`: Terraform, the lab's provider where Terraform finds it, and an empty cloud."""

import importlib.util
import json
import platform
import shlex
import shutil
import sys
from pathlib import Path

from adaptors.vim.terraform import binary
from lab.port import LabError, LabStatus, Say
from lab.terraform import bundle
from lab.terraform.provider_address import ADDRESS, VERSION
from lab.terraform.world import World

MODULE = Path(__file__).with_name("module")
_PROJECT = Path(__file__).parents[2]


class TerraformLab:
    """Nothing of it runs by itself: Terraform starts the provider, and that works on the cloud's files."""

    needs = (
        "a second and no root; where there is no terraform on PATH, 130 MB below ~/.cache for "
        f"{binary.BUNDLE} ({bundle.LICENCE})"
    )

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.cli_config = directory / "terraform.rc"
        self.cloud = World(directory / "cloud")

    def up(self, say: Say) -> LabStatus:
        """Lay out what Terraform needs; no network once Terraform is there.

        :raises LabError: if the package `tf` is missing, or Terraform is and cannot be installed
        """
        if importlib.util.find_spec("tf") is None:
            raise LabError("the lab's provider needs the Python package tf: pip install 'interlace[dev]'")
        terraform = binary.find() or bundle.install(say)
        self.cloud.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "keys").mkdir(exist_ok=True, mode=0o700)
        self._lay_out_provider()
        mirror = json.dumps(str(self.directory / "mirror"))
        self.cli_config.write_text(
            "provider_installation {\n"
            f'  filesystem_mirror {{\n    path    = {mirror}\n    include = ["{ADDRESS}"]\n  }}\n'
            f'  direct {{\n    exclude = ["{ADDRESS}"]\n  }}\n'
            "}\n"
        )
        say(f"terraform: {terraform}; provider {ADDRESS} {VERSION} in {self.directory / 'mirror'}")
        return self.status()

    def down(self, say: Say, purge: bool = False) -> LabStatus:
        """There is no process to end; with `purge` the cloud and all servers in it go."""
        if purge:
            shutil.rmtree(self.directory, ignore_errors=True)
        else:
            self.cli_config.unlink(missing_ok=True)
        return self.status()

    def status(self) -> LabStatus:
        up = self.cli_config.exists() and binary.find() is not None
        return LabStatus(
            lab="terraform",
            up=up,
            directory=self.directory,
            environment={"TF_CLI_CONFIG_FILE": str(self.cli_config)} if up else {},
            hints=self._hints() if up else (),
        )

    def pop_settings(self) -> dict[str, object]:
        """`vim.settings` of a PoP in this cloud."""
        return {
            "module": str(MODULE),
            "variables": {"directory": str(self.cloud.directory)},
            "cli_config": str(self.cli_config),
            "adopt": {"lab_server": "{key}"},
        }

    def _hints(self) -> tuple[str, ...]:
        count = len(self.cloud.servers())
        return (
            f"servers in the cloud: {count}, each a file in {self.cloud.directory / 'servers'}",
            f"a PoP in it has vim.kind terraform and vim.settings {json.dumps(self.pop_settings())}",
        )

    def _lay_out_provider(self) -> None:
        """In the form of an unpacked mirror; its key is kept with the lab, not in somebody's home."""
        machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
        directory = self.directory / "mirror" / ADDRESS / VERSION / f"{sys.platform}_{machine}"
        directory.mkdir(parents=True, exist_ok=True)
        program = directory / f"terraform-provider-lab_v{VERSION}"
        code = (
            f"import sys; sys.path.insert(0, {str(_PROJECT)!r}); import lab.terraform.provider as p; p.main()"
        )
        words = shlex.join([sys.executable, "-I", "-c", code])
        text = f"#!/bin/sh\nHOME={shlex.quote(str(self.directory / 'keys'))} exec {words}\n"
        if not program.exists() or program.read_text() != text:
            draft = program.with_suffix(".new")
            draft.write_text(text)
            draft.chmod(0o755)
            draft.replace(program)
