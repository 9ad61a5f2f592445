"""Terraform's commands on one workspace."""

import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_terraform import IsFlagged, Terraform

from adaptors.vim.port import Progress
from adaptors.vim.secrets import hide
from adaptors.vim.terraform import binary
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.messages import Log, Trouble
from adaptors.vim.terraform.processes import MARK, Child, RunTimeoutError
from adaptors.vim.terraform.root import save
from adaptors.vim.terraform.settings import TerraformSettings
from adaptors.vim.terraform.workspaces import Run, Workspace, turn

_OURS = re.compile(r"^(TF_VAR_|TF_LOG|TF_CLI_ARGS|TF_WORKSPACE$|TF_DATA_DIR$|TF_INPUT$|INTERLACE_SECRET_)")
"""Of the worker's environment, what would change our runs, or is meant for nobody else."""
_SHORTEST_HIDDEN = 4
"""Of what a credential says: it holds numbers and booleans too, which are in every text."""


class _Words(Terraform):  # type: ignore[misc]
    """Makes command lines; the state is ours to read, and the process to watch."""

    def read_state_file(self, file_path: str | None = None) -> None:
        return


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    log: Log
    troubles: tuple[Trouble, ...] = ()

    @property
    def ok(self) -> bool:
        return self.code in (0, 2)


class Cli:
    """Runs Terraform for one call; what it says comes without the values of secrets."""

    def __init__(
        self,
        call: Call,
        settings: TerraformSettings,
        home: Path,
        place: Workspace,
        credential: Mapping[str, str],
        secrets: Mapping[str, Mapping[str, str]],
    ) -> None:
        """
        :param credential: environment variables
        :param secrets: environment variables of instances, by their names
        """
        self.call = call
        self.settings = settings
        self.place = place
        self._plugins = home / "terraform" / ".plugins"
        self._credential = credential
        self._secrets = secrets

    def init(self, configuration: Mapping[str, Any], digest: str, lock: Path, progress: Progress) -> None:
        """Bring the workspace to a configuration, unless it is there already.

        :param digest: of the module's files
        :param lock: which versions of providers the module was made with, if it says so
        :raises VimRefusedError: with Terraform's words
        """
        stamp = self.place.directory / ".terraform" / "interlace"
        said = json.dumps([configuration, digest, self.settings.cli_config, str(self._binary())])
        wanted = hashlib.sha256(said.encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        save(self.place.directory / "interlace.tf.json", configuration)
        if lock.exists():
            shutil.copyfile(lock, self.place.directory / ".terraform.lock.hcl")
        self._plugins.mkdir(parents=True, exist_ok=True)
        options = {} if lock.exists() else {"upgrade": IsFlagged}
        with turn(self._plugins / ".lock", progress, "waiting for Terraform to install providers"):
            ended = self.run("init", progress, **options)
        if not ended.ok:
            raise self.call.failed(f"terraform init: {self.hidden(ended.log.tail())}", lasting=True)
        stamp.write_text(wanted)

    def run(
        self,
        command: str,
        progress: Progress,
        *arguments: str,
        log: Path | None = None,
        recorded: bool = True,
        timeout_s: float | None = None,
        **options: Any,
    ) -> Ended:
        """Run a command to its end, or interrupt it where `progress` raises.

        :param recorded: whether somebody has to make it good if it is cut off
        :raises VimUnavailableError: if it took too long, or was killed by somebody
        """
        path = log or self.place.log
        limit_s = self.settings.timeout if timeout_s is None else timeout_s
        mark = uuid.uuid4().hex
        words = self._words(command, *arguments, **options)
        heard = Log(path, self.place.directory)
        if recorded:
            self._record(mark, command, path, limit_s)
        try:
            child = Child(words, self.place.directory, self._environment(mark), path, self.settings.grace)
        except OSError as error:
            raise self.call.refused(f"cannot start {words[0]}: {error.strerror}") from error
        return self._attended(child, command, heard, progress, recorded, limit_s)

    def _record(self, mark: str, command: str, log: Path, limit_s: float) -> None:
        now, grace_s = time.time(), self.settings.grace
        run = Run(
            mark=mark, command=command, log=log.name, started=now, deadline=now + limit_s, grace_s=grace_s
        )
        self.place.note(run)

    def _attended(
        self, child: Child, command: str, heard: Log, progress: Progress, recorded: bool, limit_s: float
    ) -> Ended:
        def look() -> None:
            heard.more()
            last = next((one.words for one in reversed(heard.messages) if one.words), "")
            progress(self.hidden(f"terraform {command}: {last}" if last else f"terraform {command}"))

        try:
            code = child.wait(look, limit_s)
        except RunTimeoutError:
            raise self.call.unavailable(
                f"terraform {command} took longer than {limit_s:g} s and was interrupted"
            ) from None
        heard.more()
        if code < 0:
            raise self.call.unavailable(f"terraform {command} was killed by signal {-code}")
        if recorded:
            self.place.forget(Run)
        troubles = tuple(
            each.model_copy(update={"words": self.hidden(each.words)}) for each in heard.troubles()
        )
        return Ended(code, heard, troubles)

    def words_of(self, ended: Ended) -> str:
        """What is wrong, of a run that failed."""
        said = "; ".join(dict.fromkeys(each.words for each in ended.troubles))
        return said or self.hidden(ended.log.tail()) or f"it ended with code {ended.code} and no word"

    def hidden(self, text: str) -> str:
        """Without what is secret."""
        return hide(text, self._hush())

    def _hush(self) -> Iterable[str]:
        for values in self._secrets.values():
            yield from values.values()
        yield from (value for value in self._credential.values() if len(value) >= _SHORTEST_HIDDEN)

    def _words(self, command: str, *arguments: str, **options: Any) -> list[str]:
        made: list[str] = _Words(terraform_bin_path=str(self._binary())).generate_cmd_string(
            command, *arguments, **options
        )
        return made

    def _binary(self) -> Path:
        found = binary.find()
        if found is None:
            raise self.call.refused(
                "there is no terraform on PATH, nor a bundled one: install it, "
                "or run interlace lab terraform up"
            )
        return found

    def _environment(self, mark: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
        config = self.settings.cli_config
        return {
            **kept,
            **self._credential,
            **({"TF_CLI_CONFIG_FILE": config} if config else {}),
            "TF_VAR_secrets": _expression(self._secrets),
            "TF_DATA_DIR": str(self.place.directory / ".terraform"),
            "TF_PLUGIN_CACHE_DIR": str(self._plugins),
            "TF_INPUT": "0",
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            MARK: mark,
        }


def _expression(secrets: Mapping[str, Mapping[str, str]]) -> str:
    """As Terraform reads variables of the environment: JSON, with what would be a template escaped."""
    return json.dumps(secrets).replace("${", "$${").replace("%{", "%%{")
