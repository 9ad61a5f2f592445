"""The processes of the cluster: their commands and where they answer."""

import random
import sys
from pathlib import Path

from domain.models import Model
from lab.daemons import Daemon, port_is_free
from lab.kubernetes.credentials import Credentials
from lab.port import LabError

_FIRST_PORT, _LAST_PORT = 20000, 32000
"""Below those that the kernel gives to whoever asks for any."""
NODES = 3
PARTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cloud", "nodes")
"""The processes, in the order in which they start."""


class Ports(Model):
    """On 127.0.0.1, chosen when the cluster comes up first, and kept."""

    api: int
    etcd: int
    etcd_peer: int
    controllers: int
    scheduler: int
    cloud: int

    @classmethod
    def choose(cls) -> "Ports":
        """Some that nobody listens on.

        :raises LabError: if there are none
        """
        wanted = list(cls.model_fields)
        found = [port for port in random.sample(range(_FIRST_PORT, _LAST_PORT), 200) if port_is_free(port)]
        if len(found) < len(wanted):
            raise LabError(f"no free ports on 127.0.0.1 between {_FIRST_PORT} and {_LAST_PORT}")
        return cls(**dict(zip(wanted, found, strict=False)))

    def of(self, part: str) -> int | None:
        """The port on which one of PARTS answers; None where it only works for others."""
        fields = dict(zip(PARTS, ("etcd", "api", "controllers", "scheduler", "cloud"), strict=False))
        return getattr(self, fields[part]) if part in fields else None

    def taken(self) -> list[int]:
        """Those on which somebody listens now."""
        return [port for port in self.model_dump().values() if not port_is_free(port)]


class Commands:
    """How each process of one cluster is started."""

    def __init__(self, programs: Path, directory: Path, ports: Ports, credentials: Credentials) -> None:
        self._programs = programs
        self._directory = directory
        self._ports = ports
        self._credentials = credentials
        self.server = f"https://127.0.0.1:{ports.api}"

    def etcd(self) -> Daemon:
        """The store. It speaks to nobody without a certificate of the lab's authority."""
        client, peer = (f"https://127.0.0.1:{port}" for port in (self._ports.etcd, self._ports.etcd_peer))
        mine = self._credentials
        options = {
            "name": "lab",
            "data-dir": str(self._directory / "etcd"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"lab={peer}",
            "log-level": "warn",
            "logger": "zap",
        }
        for prefix in ("", "peer-"):
            options |= {
                f"{prefix}cert-file": str(mine.certificate),
                f"{prefix}key-file": str(mine.key),
                f"{prefix}trusted-ca-file": str(mine.authority),
                f"{prefix}client-cert-auth": "true",
            }
        return Daemon("etcd", self._command("etcd", options), port=self._ports.etcd)

    def api_server(self) -> Daemon:
        """The API server: tokens, RBAC, loopback only."""
        mine = self._credentials
        options = {
            "etcd-servers": f"https://127.0.0.1:{self._ports.etcd}",
            "etcd-cafile": str(mine.authority),
            "etcd-certfile": str(mine.certificate),
            "etcd-keyfile": str(mine.key),
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": str(self._ports.api),
            "insecure-port": "0",
            "tls-cert-file": str(mine.certificate),
            "tls-private-key-file": str(mine.key),
            "token-auth-file": str(mine.tokens),
            "authorization-mode": "RBAC",
            "anonymous-auth": "false",
            "allow-privileged": "true",
            "service-cluster-ip-range": "10.96.0.0/16",
            "service-account-key-file": str(mine.signing_key),
            "service-account-signing-key-file": str(mine.signing_key),
            "service-account-issuer": "https://kubernetes.default.svc",
            # Nobody is to reach the API server by the service `kubernetes`: pods are not real.
            "endpoint-reconciler-type": "none",
        }
        return Daemon("kube-apiserver", self._command("kube-apiserver", options), port=self._ports.api)

    def controllers(self) -> Daemon:
        """Deployments, endpoints, quotas, accounts, autoscalers, garbage; quicker than by default."""
        mine = self._credentials
        scaling = "horizontal-pod-autoscaler"
        options = {
            **self._of_a_controller("controllers", self._ports.controllers),
            "service-account-private-key-file": str(mine.signing_key),
            "root-ca-file": str(mine.authority),
            "kube-api-qps": "100",
            "kube-api-burst": "150",
            "node-monitor-period": "1s",
            "pvclaimbinder-sync-period": "2s",
            f"{scaling}-sync-period": "2s",
            f"{scaling}-cpu-initialization-period": "1s",
            f"{scaling}-initial-readiness-delay": "1s",
            f"{scaling}-downscale-stabilization": "10s",
        }
        name = "kube-controller-manager"
        return Daemon(name, self._command(name, options), port=self._ports.controllers)

    def scheduler(self) -> Daemon:
        """What gives pods their nodes."""
        options = self._of_a_controller("scheduler", self._ports.scheduler)
        return Daemon("kube-scheduler", self._command("kube-scheduler", options), port=self._ports.scheduler)

    def nodes(self) -> Daemon:
        """Our own stand-in for the kubelets."""
        return self._own("nodes", "--nodes", str(NODES))

    def cloud(self) -> Daemon:
        """Our own stand-in for what a cloud adds: load balancers, disks, metrics; and the webhook."""
        mine = self._credentials
        files = ("--certificate", str(mine.certificate), "--key", str(mine.key))
        return self._own("cloud", "--port", str(self._ports.cloud), *files, port=self._ports.cloud)

    def kubeconfig_of(self, user: str) -> Path:
        """Of one of those who come with a token: admin, controllers, scheduler or machines."""
        return self._directory / "keys" / f"{user}.kubeconfig"

    def _of_a_controller(self, user: str, port: int) -> dict[str, str]:
        return {
            "kubeconfig": str(self.kubeconfig_of(user)),
            "bind-address": "127.0.0.1",
            "secure-port": str(port),
            "port": "0",
            "leader-elect": "false",
        }

    def _command(self, program: str, options: dict[str, str]) -> tuple[str, ...]:
        return (str(self._programs / program), *(f"--{key}={value}" for key, value in options.items()))

    def _own(self, name: str, *arguments: str, port: int | None = None) -> Daemon:
        kubeconfig = ("--kubeconfig", str(self.kubeconfig_of("machines")))
        command = (sys.executable, "-m", f"lab.kubernetes.{name}", *kubeconfig, *arguments)
        checkout = str(Path(__file__).resolve().parents[2])
        return Daemon(name, command, {"PYTHONPATH": checkout, "PYTHONUNBUFFERED": "1"}, port)
