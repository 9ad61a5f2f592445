"""A PoP at a real Kubernetes, for the contract suite: namespaces of its own, taken away afterwards."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.calls import ApiError
from adaptors.vim.kubernetes.connection import Object, connection_to
from adaptors.vim.kubernetes.settings import KubernetesSettings
from adaptors.vim.kubernetes.viewing import View
from adaptors.vim.kubernetes.workloads import Workloads
from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from domain.infrastructure import Resources
from domain.instances import InstanceStatus, PopAccess
from lab.kubernetes.pods import FAIL

POP = "berlin"
TOTAL = Resources.of(4, 4096, 40)
IMAGE = "nginx"
SECRET = "correct-horse-battery"
CONTEXT = "lab"
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class KubernetesSite:
    """One PoP at a cluster of the lab, which its namespaces' prefix keeps apart from all others."""

    home: Path
    prefix: str

    def open(self, capacity: Resources = TOTAL, credential: str = CONTEXT, **settings: Any) -> Vim:
        """A new handle on the PoP, as another worker would have."""
        said = {"namespace_prefix": self.prefix, "scheduling_timeout": "2 s", **settings}
        access = PopAccess(name=POP, capacity=capacity, settings=said, credential=credential)
        return open_vim("kubernetes", access, self.home)

    def slow(self) -> Vim:
        """Creates and deletes wait for at least 1 s: the lab goes by the images' names."""
        return self.open(registry="slow-stubborn", grace="2 s")

    def crash(self, name: str) -> None:
        """Let the instance of that name fail by itself."""
        pod = self.pod(name)
        self.mark("Pod", pod, {FAIL: "crash"})
        self.eventually(lambda: self.status(name) is InstanceStatus.ERROR)

    def status(self, name: str) -> InstanceStatus | None:
        """How an instance stands; None where there is none."""
        found = self.open().read(name)
        return None if found is None else found.status

    def delete_by_hand(self, name: str) -> None:
        """As an operator would, behind everybody's back: the whole workload."""
        for held in self._workloads().holding(name):
            self.api.delete(held.workload.kind, held.workload.namespace, held.workload.name)
        self.eventually(lambda: not self._workloads().holding(name))

    @property
    def api(self) -> Api:
        """The cluster's API, with all rights."""
        return Api(connection_to(CONTEXT), 10.0)

    def pod(self, name: str) -> Object:
        """The pod of an instance."""
        workloads = self._workloads()
        held = workloads.holding(name)[0]
        pod = View(self.api, workloads, self._settings).pod(held.workload, name)
        assert pod is not None
        return pod

    def mark(self, kind: str, found: Object, annotations: dict[str, str | None]) -> None:
        """Annotate an object."""
        meta = found["metadata"]
        self.api.merge(
            kind, meta.get("namespace", ""), meta["name"], {"metadata": {"annotations": annotations}}
        )

    def namespace(self, service: str = "shop", tenant: str = "t") -> str:
        """Of a tenant's service."""
        return naming.namespace_name(self.prefix, self.realm, service, tenant)

    @property
    def realm(self) -> str:
        """Under which label the PoP's objects are found."""
        return self._settings.realm(POP)

    def add_quota(self, name: str = "quota", namespace: str | None = None, **hard: str) -> None:
        """Limit what a namespace may hold; it is made, if need be, and handed over to the adaptor."""
        space = namespace or self.namespace()
        tags = {"service": "shop", "tenant": "t"}
        labels = naming.service_labels(self.realm, tags)
        body: Object = {"kind": "Namespace", "metadata": {"name": space, "labels": labels}}
        self.api.apply(body)
        limits = {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}
        meta = {"name": name, "namespace": space}
        self.api.apply({"kind": "ResourceQuota", "metadata": meta, "spec": {"hard": limits}})
        self.eventually(
            lambda: "hard" in (self.api.get("ResourceQuota", space, name) or {}).get("status", {})
        )

    def leftovers(self) -> list[str]:
        """The namespaces that are still there, and do not go."""
        found = self.api.list("Namespace", labelSelector=naming.selector({naming.POP: self.realm}))
        return [each["metadata"]["name"] for each in found if "deletionTimestamp" not in each["metadata"]]

    def sweep(self) -> None:
        """Begin to delete all that is left; nobody waits for that."""
        for name in self.leftovers():
            self.api.delete("Namespace", "", name)

    def eventually(self, holds: Any) -> None:
        """Wait until something holds."""
        end = time.monotonic() + _PATIENCE_S
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.1)

    @property
    def _settings(self) -> KubernetesSettings:
        return KubernetesSettings(namespace_prefix=self.prefix)

    def _workloads(self) -> Workloads:
        return Workloads(self.api, self.realm, self._settings)


@contextmanager
def cluster_site(home: Path, kubeconfig: Path) -> Iterator[KubernetesSite]:
    """A PoP of its own at a cluster of the lab.

    :param kubeconfig: the lab's, with its contexts
    """
    (home / "secrets").mkdir(exist_ok=True)
    (home / "secrets" / "shop-password").write_text(SECRET)
    before = os.environ.get("KUBECONFIG")
    os.environ["KUBECONFIG"] = str(kubeconfig)
    site = KubernetesSite(home, f"t{token_hex(4)}-")
    try:
        yield site
    finally:
        _swept(site)
        if before is None:
            del os.environ["KUBECONFIG"]
        else:
            os.environ["KUBECONFIG"] = before


def _swept(site: KubernetesSite) -> None:
    try:
        site.sweep()
    except ApiError as error:
        if error.status != 404:
            raise
