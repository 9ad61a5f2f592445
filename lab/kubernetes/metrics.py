"""The API metrics.k8s.io for pods that use nothing: the numbers are those of their annotations."""

import time

from lab.kubernetes.api import Api, ApiError, Object
from lab.kubernetes.containers import timestamp

GROUP = "metrics.k8s.io"
_VERSION = f"{GROUP}/v1beta1"
PATH = f"/apis/{_VERSION}"
_USAGE = {"cpu": "10m", "memory": "32Mi"}
"""Of each container, where the pod has no annotation lab.interlace.dev/cpu or .../memory."""


def service(port: int) -> Object:
    """By which the API server finds this one."""
    spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port, "protocol": "TCP"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "lab-metrics"}, "spec": spec}


def registration(port: int) -> Object:
    """The object that has the API server pass requests of the group on."""
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1beta1.{GROUP}"},
        "spec": {
            "group": GROUP,
            "version": "v1beta1",
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            # The API server asks for a certificate of this name, which the lab's does not have.
            "insecureSkipTLSVerify": True,
            "service": {"namespace": "kube-system", "name": "lab-metrics", "port": port},
        },
    }


def answer(api: Api, path: str, selector: str) -> Object | None:
    """What is said to a GET; None where there is no such path.

    :param selector: of labels; empty for all
    :raises ApiError: if the API server does not tell of the pods
    """
    parts = path.removeprefix(PATH).strip("/").split("/")
    match parts:
        case [""]:
            return _resources()
        case ["pods"]:
            return _list(api, "/api/v1/pods", selector)
        case ["namespaces", namespace, "pods"]:
            return _list(api, f"/api/v1/namespaces/{namespace}/pods", selector)
        case ["namespaces", namespace, "pods", name]:
            return _one(api, f"/api/v1/namespaces/{namespace}/pods/{name}")
    return None


def _resources() -> Object:
    pods = {
        "name": "pods",
        "singularName": "",
        "namespaced": True,
        "kind": "PodMetrics",
        "verbs": ["get", "list"],
    }
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": _VERSION, "resources": [pods]}


def _list(api: Api, path: str, selector: str) -> Object:
    query = {"fieldSelector": "status.phase=Running"} | ({"labelSelector": selector} if selector else {})
    pods = api.get(path, query)["items"]
    return {
        "kind": "PodMetricsList",
        "apiVersion": _VERSION,
        "metadata": {},
        "items": list(map(_usage, pods)),
    }


def _one(api: Api, path: str) -> Object | None:
    try:
        return _usage(api.get(path))
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def _usage(pod: Object) -> Object:
    meta, now = pod["metadata"], timestamp(time.time())
    told = meta.get("annotations") or {}
    usage = {kind: told.get(f"lab.interlace.dev/{kind}", usual) for kind, usual in _USAGE.items()}
    return {
        "kind": "PodMetrics",
        "apiVersion": _VERSION,
        "metadata": {key: meta[key] for key in ("name", "namespace", "labels") if key in meta}
        | {"creationTimestamp": now},
        "timestamp": now,
        "window": "10s",
        "containers": [{"name": each["name"], "usage": usage} for each in pod["spec"]["containers"]],
    }
