"""The Kubernetes lab: brought up, looked at and ended."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from adaptors.machine.locks import locked
from lab.daemons import Daemon, Daemons, answers
from lab.kubernetes import build, metrics, tenants
from lab.kubernetes.api import Api, ApiError, Object
from lab.kubernetes.cluster import NODES, PARTS, Commands, Ports
from lab.kubernetes.credentials import Credentials, write_kubeconfig, write_private
from lab.port import LabError, LabStatus, Say, ServiceStatus

_READY_S = 120.0
_LOOK_EVERY_S = 0.1
_LOOK_S = 2.0
_WRONG_TOKEN = "no-such-token"
_HINTS = (
    f"contexts: lab (all rights), lab-tenant (namespace {tenants.NAMESPACE}, with a quota), "
    "lab-wrong (a token that nobody has), lab-expired (the tenant's, an hour too old)",
    "images whose names hold missing, crash, oom, slow or stubborn behave so; all others run",
)


class KubernetesLab:
    """A control plane of Kubernetes with nodes that are not there. To make the object starts nothing."""

    needs = (
        f"Kubernetes {build.KUBERNETES}, built from Debian's source package. Once: 8 minutes of processor "
        f"time, {build.DISK_GIB} GiB of disk and 2 GB of memory meanwhile, 280 MB in the cache. Each start: "
        "10 to 25 s, 700 MB of memory"
    )

    def __init__(self, directory: Path) -> None:
        self.kubeconfig = directory / "kubeconfig"
        self._directory = directory
        self._daemons = Daemons(directory)
        self._credentials = Credentials(directory / "keys")

    def up(self, say: Say) -> LabStatus:
        """Start what does not run yet, and wait until pods can run.

        :raises LabError: if something is missing or did not come up; what runs by then is left running
        """
        programs = build.build(say)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(self._directory / "lock"):
            commands = self._prepared(programs)
            api = self._start(commands, say)
            self._settle(api, commands, say)
        return self.status()

    def down(self, say: Say, purge: bool = False) -> LabStatus:
        """End every process that `up` started, the last one first; with `purge` its state goes too."""
        if self._directory.exists():
            with locked(self._directory / "lock"):
                for name in sorted(self._daemons.names(), key=_place_of, reverse=True):
                    say(f"ending {name}")
                    if not self._daemons.end([name]):
                        say(f"{name} had to be killed")
                if purge:
                    shutil.rmtree(self._directory)
        return self.status()

    def status(self) -> LabStatus:
        """Look, change nothing, wait for nothing (2 s for an API server that hangs)."""
        ports = self._ports_of_before()
        services = tuple(self._look_at(name, ports) for name in PARTS)
        up = all(service.state == "up" for service in services) and self.kubeconfig.exists()
        return LabStatus(
            lab="kubernetes",
            up=up,
            directory=self._directory,
            services=services,
            environment={"KUBECONFIG": str(self.kubeconfig)} if up else {},
            hints=(f"export KUBECONFIG={self.kubeconfig}", *_HINTS) if up else (),
        )

    def _prepared(self, programs: Path) -> Commands:
        self._credentials.ensure()
        ports = self._ports_of_before()
        running = any(self._daemons.process(name) for name in PARTS)
        if ports is None or (not running and ports.taken()):
            ports = Ports.choose()
            write_private(self._directory / "ports.json", ports.model_dump_json())
        commands = Commands(programs, self._directory, ports, self._credentials)
        for user in ("admin", "controllers", "scheduler", "machines"):
            path = commands.kubeconfig_of(user)
            token = self._credentials.token(user)
            write_kubeconfig(path, commands.server, self._credentials.authority, {user: token}, "default")
        return commands

    def _ports_of_before(self) -> Ports | None:
        try:
            return Ports.model_validate_json((self._directory / "ports.json").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _start(self, commands: Commands, say: Say) -> Api:
        """Start all processes, each when those that it needs answer."""
        api = Api(commands.kubeconfig_of("admin"))
        servers = [commands.etcd(), commands.api_server()]
        others = [commands.controllers(), commands.scheduler(), commands.cloud(), commands.nodes()]
        say("starting etcd and the API server")
        for daemon in servers:
            self._daemons.start(daemon)
        self._until("the API server is ready", lambda: bool(api.get("/readyz")), servers)
        say("starting the controllers, the scheduler, the cloud's stand-in and the nodes")
        for daemon in others:
            self._daemons.start(daemon)
        self._daemons.wait(others, _READY_S)
        self._until("the nodes take pods", lambda: _nodes_ready(api) == NODES, [*servers, *others])
        self._until("metrics are served", lambda: bool(api.get(metrics.PATH)), [*servers, *others])
        return api

    def _settle(self, api: Api, commands: Commands, say: Say) -> None:
        """Have the users, and their contexts in the kubeconfig."""
        say("making the tenant and the kubeconfig")
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._until("accounts are made", lambda: bool(api.get(account)), [commands.controllers()])
        token = self._tenant_token(api)
        users = {
            "lab": self._credentials.token("admin"),
            "lab-tenant": token,
            "lab-wrong": _WRONG_TOKEN,
            "lab-expired": self._credentials.expired(token),
        }
        space = tenants.NAMESPACE
        write_kubeconfig(self.kubeconfig, commands.server, self._credentials.authority, users, space)

    def _tenant_token(self, api: Api) -> str:
        """That of before, where the cluster still takes it: who has read the kubeconfig goes on with it."""
        path = self._directory / "keys" / "tenant.token"
        try:
            fresh = tenants.ensure(api)
        except ApiError as error:
            raise LabError(f"the tenant cannot be made: {error}") from error
        if path.exists() and tenants.valid(api, path.read_text()):
            return path.read_text()
        write_private(path, fresh)
        return fresh

    def _until(self, what: str, holds: Callable[[], bool], daemons: list[Daemon]) -> None:
        """Wait for the API server to say so.

        :raises LabError: if it does not, or one of the daemons ends meanwhile; with the last lines it wrote
        """
        deadline = time.monotonic() + _READY_S
        last = "it is not so"
        while time.monotonic() < deadline:
            self._daemons.check(daemons)
            try:
                if holds():
                    return
            except ApiError as error:
                last = str(error)
            time.sleep(_LOOK_EVERY_S)
        raise LabError(
            f"after {_READY_S:.0f} s not yet: {what}; {last}. Logs are in {self._directory / 'log'}"
        )

    def _look_at(self, name: str, ports: Ports | None) -> ServiceStatus:
        process = self._daemons.process(name)
        if process is None or ports is None:
            return ServiceStatus(name=name, state="down", log=self._log_of(name))
        port = ports.of(name)
        return ServiceStatus(
            name=name,
            state="up" if self._works(name, port) else "starting",
            pid=process.pid,
            address=f"https://127.0.0.1:{port}" if port else "",
            log=self._log_of(name),
        )

    def _works(self, name: str, port: int | None) -> bool:
        if port and not answers(port):
            return False
        if name not in ("kube-apiserver", "nodes"):
            return True
        try:
            api = Api(self._directory / "keys" / "admin.kubeconfig")
            return _nodes_ready(api) > 0 if name == "nodes" else bool(api.get("/readyz", wait_s=_LOOK_S))
        except (ApiError, FileNotFoundError):
            return False

    def _log_of(self, name: str) -> Path | None:
        log = self._daemons.output(name)
        return log if log.exists() else None


def _place_of(name: str) -> int:
    return PARTS.index(name) if name in PARTS else len(PARTS)


def _nodes_ready(api: Api) -> int:
    """How many nodes are Ready and without a taint."""
    return sum(map(_takes_pods, api.get("/api/v1/nodes", wait_s=_LOOK_S)["items"]))


def _takes_pods(node: Object) -> bool:
    conditions = node["status"].get("conditions") or []
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
    return ready and not node["spec"].get("taints")
