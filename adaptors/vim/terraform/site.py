"""One PoP that Terraform serves: its settings, its module, and its components' workspaces."""

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adaptors.vim import secrets
from adaptors.vim.port import Progress
from adaptors.vim.terraform import credentials, module, root, states
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.cli import Cli
from adaptors.vim.terraform.module import PopModule
from adaptors.vim.terraform.settings import TerraformSettings
from adaptors.vim.terraform.states import State
from adaptors.vim.terraform.workspaces import Workspace
from domain.errors import InputError
from domain.instances import InstanceSpec, PopAccess

_SETTLED_S = 0.05
"""A file that was written more lately may be written again without a sign of it in its times."""
_PULLED_S = 1.0
_PULL_TIMEOUT_S = 30.0

_states: dict[Path, tuple[tuple[int, int, int], State]] = {}
_pulling: dict[Path, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True)
class Site:
    """What calls at a PoP have in common."""

    access: PopAccess
    settings: TerraformSettings
    home: Path

    @property
    def directory(self) -> Path:
        return self.home / "terraform" / self.access.name

    def call(self, operation: str, resource: str) -> Call:
        return Call(self.access.name, operation, resource, self.access.credential)

    def place(self, spec: InstanceSpec) -> Workspace:
        """Where an instance belongs, whether anything is there or not."""
        return Workspace(self.directory, spec.tags["service"], spec.tags["component"])

    def places(self) -> Iterator[Workspace]:
        """All components that there may be something of."""
        with suppress(FileNotFoundError):
            for name in sorted(os.listdir(self.directory)):
                service, dot, component = name.partition(".")
                if service and dot and component:
                    yield Workspace(self.directory, service, component)

    def names(self, place: Workspace) -> dict[str, str]:
        return {"pop": self.access.name, "service": place.service, "component": place.component}

    def module(self, call: Call) -> PopModule:
        """
        :raises VimRefusedError: if it cannot be one
        """
        return module.read(self.home / Path(self.settings.module).expanduser(), call)

    def cli(self, call: Call, place: Workspace, instances: Mapping[str, InstanceSpec]) -> Cli:
        """Terraform for a call, with the secrets of these instances, as far as there are any."""
        found = {name: secrets.known(self.home, spec.secrets) for name, spec in instances.items()}
        told = {name: values for name, values in found.items() if values}
        credential = credentials.read(self.home, call)
        return Cli(call, self.settings, self.home, place, credential, told)

    def ready(self, cli: Cli, progress: Progress, secret: bool = False) -> None:
        """See that the module keeps to the contract, and that its workspace is laid out for it.

        :raises VimRefusedError: with what is wrong with the module
        """
        told = credentials.read(self.home, cli.call)
        sensitive = frozenset(name[len("TF_VAR_") :] for name in told if name.startswith("TF_VAR_"))
        given = sensitive | self.settings.variables.keys()
        found = self.module(cli.call)
        found.check(cli.call, given, secret)
        cli.place.lay_out()
        configuration = root.generate(
            cli.place.directory, found, self.names(cli.place), self.settings.backend, given, sensitive
        )
        cli.init(configuration, found.digest, found.directory / ".terraform.lock.hcl", progress)

    def check_secrets(self, call: Call, spec: InstanceSpec) -> None:
        """
        :raises VimRefusedError: for the first secret of an instance that is nowhere
        """
        try:
            secrets.resolve(self.home, spec.secrets)
        except InputError as error:
            raise call.refused(str(error)) from error

    def state_file(self, place: Workspace) -> Path | None:
        """Where a component's state is, if that is a file."""
        return root.state_file(place.directory, self.names(place), self.settings.backend)

    def state(self, call: Call, place: Workspace) -> State:
        """A component's state as it is now; that in a remote backend may be a second old.

        :raises BrokenStateError: if the file was cut off while it was written
        :raises VimUnavailableError: if the backend does not answer
        """
        path = self.state_file(place)
        if path is not None:
            return _cached(path)
        pulled = place.directory / "pulled.json"
        with _pulling[pulled]:
            if _age_s(pulled) > _PULLED_S:
                self._pull(call, place, pulled)
        return _cached(pulled)

    def changed(self, place: Workspace) -> None:
        """What was pulled is old."""
        (place.directory / "pulled.json").unlink(missing_ok=True)

    def _pull(self, call: Call, place: Workspace, pulled: Path) -> None:
        cli = self.cli(call, place, {})
        self.ready(cli, _unheard)
        draft = place.directory / f"pulled.{threading.get_ident()}.{os.getpid()}.new"
        ended = cli.run("state pull", _unheard, log=draft, recorded=False, timeout_s=_PULL_TIMEOUT_S)
        if not ended.ok:
            raise call.failed(f"terraform state pull: {cli.hidden(ended.log.tail())}")
        draft.with_suffix(".err").unlink(missing_ok=True)
        if not draft.stat().st_size:
            draft.write_text("{}")
        draft.replace(pulled)


def _cached(path: Path) -> State:
    try:
        found = path.stat()
    except FileNotFoundError:
        return State()
    signature = (found.st_mtime_ns, found.st_size, found.st_ino)
    known = _states.get(path)
    if known is not None and known[0] == signature:
        return known[1]
    state = states.read(path)
    if time.time() - found.st_mtime > _SETTLED_S:
        _states[path] = (signature, state)
    return state


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _unheard(_: str) -> None:
    """Of what takes as long as a request, nobody is told."""


def told(instances: Iterable[InstanceSpec]) -> bool:
    """Whether any of them has secrets."""
    return any(spec.secrets for spec in instances)
