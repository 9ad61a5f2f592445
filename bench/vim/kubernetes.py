"""The stage at a Kubernetes: the adaptor, and the official client by hand."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from bench.vim.contenders import CAPACITY, COMPONENT, POP, PORT, SIZE, ByAdaptor, Contender, Stage
from bench.vim.grounds import cpu_of, environment
from bench.vim.traffic import Asked
from domain.instances import PopAccess
from lab.port import LabStatus

_CONTEXT = "lab"
_IMAGE = "nginx"
_SLOW_IMAGE = "nginx-slow"
"""The lab's nodes take SLOW_S until a pod of this one is ready."""
_PATIENCE_S = 120

Object = dict[str, Any]


@contextmanager
def stage(lab: LabStatus, home: Path) -> Iterator[Stage]:
    """Namespaces of our own."""

    def vim() -> Vim:
        access = PopAccess(name=POP, capacity=CAPACITY, credential=_CONTEXT)
        return open_vim("kubernetes", access, home)

    @contextmanager
    def slow() -> Iterator[Contender]:
        yield ByAdaptor(vim, _SLOW_IMAGE)

    with environment({"KUBECONFIG": lab.environment["KUBECONFIG"]}):
        script = ByHand(lab.environment["KUBECONFIG"])
        yield Stage("kubernetes", ByAdaptor(vim, _IMAGE), script, cpu_of(lab), slow, _is_look)


def _is_look(asked: Asked) -> bool:
    """Of pods or of workloads; a watch that follows upon a list is none."""
    path, _, query = asked.path.partition("?")
    listed = path.rpartition("/")[2] in ("pods", "deployments", "statefulsets")
    return asked.method == "GET" and listed and "watch=true" not in query and "member." not in query


class ByHand:
    """The same objects, each made in its turn; what is waited for is watched."""

    _NAME = "bench-by-hand"

    def __init__(self, kubeconfig: str) -> None:
        from kubernetes import client, config, watch

        read: Callable[..., Any] = config.new_client_from_config
        api = read(kubeconfig, _CONTEXT)
        self._core: Any = client.CoreV1Api(api)
        self._apps: Any = client.AppsV1Api(api)
        self._policies: Any = client.NetworkingV1Api(api)
        self._others: Any = client.CustomObjectsApi(api)
        self._watch: Any = watch.Watch

    def create(self, numbers: Sequence[int]) -> None:
        name = self._NAME
        self._core.create_namespace({"metadata": {"name": name, "labels": self._labels}})
        closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        self._policies.create_namespaced_network_policy(name, self._object("closed", spec=closed))
        service = {"selector": self._labels, "ports": [{"name": "http", "protocol": "TCP", "port": PORT}]}
        self._core.create_namespaced_service(name, self._object(COMPONENT, spec=service))
        self._core.create_namespaced_config_map(name, self._object(COMPONENT, data={"workers": "2"}))
        self._others.create_namespaced_custom_object(
            "policy", "v1beta1", name, "poddisruptionbudgets", self._budget()
        )
        self._apps.create_namespaced_deployment(
            name, self._object(COMPONENT, spec=self._deployment(len(numbers)))
        )
        self._until_ready(len(numbers))

    def delete(self, numbers: Sequence[int]) -> None:
        """The pods in their time first: Kubernetes asks less often after a namespace that has some."""
        name = self._NAME
        for there in self._apps.list_namespaced_deployment(name).items:
            version = there.metadata.resource_version
            self._apps.delete_namespaced_deployment(COMPONENT, name, propagation_policy="Foreground")
            self._until_gone(self._apps.list_namespaced_deployment, COMPONENT, version, namespace=name)
        for there in self._core.list_namespace(field_selector=f"metadata.name={name}").items:
            self._core.delete_namespace(name)
            self._until_gone(self._core.list_namespace, name, there.metadata.resource_version)

    def _until_ready(self, count: int) -> None:
        ready, watch = set(), self._watch()
        for event in watch.stream(
            self._core.list_namespaced_pod, namespace=self._NAME, timeout_seconds=_PATIENCE_S
        ):
            conditions = event["raw_object"]["status"].get("conditions") or []
            if any(each["type"] == "Ready" and each["status"] == "True" for each in conditions):
                ready.add(event["raw_object"]["metadata"]["name"])
            if len(ready) == count:
                watch.stop()
                return
        raise TimeoutError(f"{len(ready)} of {count} pods are ready after {_PATIENCE_S} s")

    def _until_gone(self, listed: Any, name: str, version: str, **where: str) -> None:
        watch = self._watch()
        for event in watch.stream(
            listed,
            field_selector=f"metadata.name={name}",
            resource_version=version,
            timeout_seconds=_PATIENCE_S,
            **where,
        ):
            if event["type"] == "DELETED":
                watch.stop()
                return
        raise TimeoutError(f"{name} is there still after {_PATIENCE_S} s")

    @property
    def _labels(self) -> dict[str, str]:
        return {"app": self._NAME}

    def _object(self, name: str, **content: Any) -> Object:
        return {"metadata": {"name": name, "labels": self._labels}, **content}

    def _budget(self) -> Object:
        spec = {"maxUnavailable": 1, "selector": {"matchLabels": self._labels}}
        return {
            "apiVersion": "policy/v1beta1",
            "kind": "PodDisruptionBudget",
            **self._object(COMPONENT, spec=spec),
        }

    def _deployment(self, replicas: int) -> Object:
        size = {"cpu": str(SIZE.vcpus), "memory": f"{SIZE.memory}Mi", "ephemeral-storage": f"{SIZE.disk}Gi"}
        container = {
            "name": "main",
            "image": _IMAGE,
            "env": [{"name": "MODE", "value": "bench"}],
            "resources": {"requests": size, "limits": size},
            "volumeMounts": [{"name": "config", "mountPath": "/etc/bench", "readOnly": True}],
        }
        volumes = [{"name": "config", "configMap": {"name": COMPONENT}}]
        return {
            "replicas": replicas,
            "selector": {"matchLabels": self._labels},
            "template": {
                "metadata": {"labels": self._labels},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "containers": [container],
                    "volumes": volumes,
                },
            },
        }
