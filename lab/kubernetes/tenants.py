"""Somebody who may work in a namespace of the cluster, and no further: with a role and a quota."""

from lab.kubernetes.api import Api, ApiError, Object

NAMESPACE = "lab-tenant"
QUOTA = {
    "pods": "12",
    "requests.cpu": "4",
    "requests.memory": "4Gi",
    "services": "10",
    "services.loadbalancers": "1",
    "persistentvolumeclaims": "4",
}
_ACCOUNT = "tenant"
_TOKEN_S = 10 * 365 * 24 * 3600
_READ = ["get", "list", "watch"]
_ALL = [*_READ, "create", "update", "patch", "delete", "deletecollection"]
_RULES = (
    ("", ["pods", "services", "configmaps", "secrets", "persistentvolumeclaims", "serviceaccounts"], _ALL),
    ("", ["endpoints", "events", "pods/log", "resourcequotas", "limitranges"], _READ),
    ("apps", ["deployments", "statefulsets", "daemonsets", "replicasets"], _ALL),
    ("apps", ["deployments/scale", "statefulsets/scale"], ["get", "update", "patch"]),
    ("autoscaling", ["horizontalpodautoscalers"], _ALL),
    ("batch", ["jobs", "cronjobs"], _ALL),
    ("networking.k8s.io", ["networkpolicies", "ingresses"], _ALL),
    ("policy", ["poddisruptionbudgets"], _ALL),
)


def ensure(api: Api) -> str:
    """Have the tenant's namespace, account, role and quota; its token.

    :raises ApiError: if the API server refuses
    """
    inside = f"/api/v1/namespaces/{NAMESPACE}"
    rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{NAMESPACE}"
    api.have(inside, _named("v1", "Namespace", NAMESPACE))
    api.have(f"{inside}/serviceaccounts/{_ACCOUNT}", _named("v1", "ServiceAccount", _ACCOUNT))
    api.have(f"{rights}/roles/{_ACCOUNT}", _role())
    api.have(f"{rights}/rolebindings/{_ACCOUNT}", _binding())
    quota = _named("v1", "ResourceQuota", "tenant") | {"spec": {"hard": QUOTA}}
    api.have(f"{inside}/resourcequotas/tenant", quota)
    return _token(api, f"{inside}/serviceaccounts/{_ACCOUNT}/token")


def valid(api: Api, token: str) -> bool:
    """Whether the cluster takes a token for the tenant's."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    try:
        answer = api.post("/apis/authentication.k8s.io/v1/tokenreviews", review)
    except ApiError:
        return False
    return bool(answer["status"].get("authenticated"))


def _token(api: Api, path: str) -> str:
    spec = {"expirationSeconds": _TOKEN_S}
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return str(api.post(path, request)["status"]["token"])


def _role() -> Object:
    rules = [{"apiGroups": [group], "resources": kinds, "verbs": verbs} for group, kinds, verbs in _RULES]
    return _named("rbac.authorization.k8s.io/v1", "Role", _ACCOUNT) | {"rules": rules}


def _binding() -> Object:
    group = "rbac.authorization.k8s.io"
    return _named(f"{group}/v1", "RoleBinding", _ACCOUNT) | {
        "roleRef": {"apiGroup": group, "kind": "Role", "name": _ACCOUNT},
        "subjects": [{"kind": "ServiceAccount", "name": _ACCOUNT, "namespace": NAMESPACE}],
    }


def _named(version: str, kind: str, name: str) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}}
