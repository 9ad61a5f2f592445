"""The objects of a service's instances, as they are applied. Pure."""

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.members import Kind, shared, template_of
from adaptors.vim.kubernetes.settings import KubernetesSettings
from domain.descriptor import HealthCheck
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, Listening

CONFIG_DIRECTORY = "/etc/interlace"
CONFIG_FILE = "config.json"
_STARTS_WITHIN_S = 300.0
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")


def workload_kind(spec: InstanceSpec, settings: KubernetesSettings) -> Kind:
    """A StatefulSet where a volume stays with the instance, or two must never run at once."""
    keeps = bool(settings.storage_class and spec.resources.disk)
    return "StatefulSet" if spec.single or keeps else "Deployment"


def service(spec: InstanceSpec, namespace: str) -> Object | None:
    """The address of a component's instances within the cluster; None where they listen to nothing known."""
    if not spec.listens:
        return None
    return _service(spec, namespace, naming.service_name(spec.tags["component"]), spec.listens, {})


def exposing(spec: InstanceSpec, namespace: str, settings: KubernetesSettings) -> Object | None:
    """What lets users reach a component's exposed connection points; None where it has none."""
    ports = [each for each in spec.listens if each.connection_point in spec.exposed]
    if settings.exposure == "cluster" or not ports:
        return None
    kind = "NodePort" if settings.exposure == "node-port" else "LoadBalancer"
    # Local: policies see who speaks, which is hidden where another node passes packets on.
    how = {"type": kind, "externalTrafficPolicy": "Local"}
    return _service(spec, namespace, exposed_name(spec), ports, how)


def exposed_name(spec: InstanceSpec) -> str:
    """Of the service by which users reach a component."""
    return naming.service_name(f"{spec.tags['component']}-exposed")


def config_map(spec: InstanceSpec, namespace: str, name: str, owner: Object) -> Object:
    """The config: whole as a JSON file, and each value under its key where that can be one."""
    values = {key: _text(value) for key, value in spec.config.items() if _KEY.fullmatch(key)}
    data = {**values, CONFIG_FILE: json.dumps(spec.config, sort_keys=True)}
    return {"kind": "ConfigMap", "metadata": _meta(spec, namespace, name, owner), "data": data}


def secret(spec: InstanceSpec, namespace: str, name: str, values: Mapping[str, str], owner: Object) -> Object:
    """The secrets, by the variable that each becomes."""
    meta = _meta(spec, namespace, name, owner)
    data = {variable: base64.b64encode(value.encode()).decode() for variable, value in values.items()}
    return {"kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}


def disruption_budget(spec: InstanceSpec, namespace: str, workload: str, owner: Object) -> Object:
    """Who drains nodes takes one of a workload's pods at a time."""
    selects = {"matchLabels": {naming.WORKLOAD: workload}}
    return {
        "kind": "PodDisruptionBudget",
        "metadata": _meta(spec, namespace, workload, owner),
        "spec": {"maxUnavailable": 1, "selector": selects},
    }


def config_name(workload: str, template: str) -> str:
    """Of the ConfigMap and Secret of a workload's pods of one template."""
    return f"{workload}-{template}"


def owned_by(kind: Kind, name: str, uid: str) -> Object:
    """What makes an object go with its workload."""
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid}


def workload(
    spec: InstanceSpec, kind: Kind, namespace: str, name: str, settings: KubernetesSettings
) -> Object:
    """A Deployment or StatefulSet; its replicas and members are others' fields."""
    template = template_of(spec, kind)
    meta = _meta(spec, namespace, name, None)
    meta["annotations"] |= {naming.TEMPLATE: template, naming.SPEC: json.dumps(shared(spec), sort_keys=True)}
    body: Object = {
        "selector": {"matchLabels": {naming.WORKLOAD: name}},
        "template": _pod(spec, name, template, settings),
    }
    if kind == "Deployment":
        surge = {"maxSurge": 1, "maxUnavailable": 0}
        body |= {"strategy": {"type": "RollingUpdate", "rollingUpdate": surge}, "revisionHistoryLimit": 2}
    else:
        body |= {"serviceName": naming.service_name(spec.tags["component"])}
        if volumes := list(_claims(spec, name, settings)):
            body["volumeClaimTemplates"] = volumes
    return {"kind": kind, "metadata": meta, "spec": body}


def _pod(spec: InstanceSpec, workload: str, template: str, settings: KubernetesSettings) -> Object:
    labels = {
        **naming.component_labels(spec.pop, spec.tags),
        naming.WORKLOAD: workload,
        naming.TEMPLATE: template,
    }
    component = {naming.COMPONENT: labels[naming.COMPONENT]}
    config = {"name": "config", "configMap": {"name": config_name(workload, template)}}
    body: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": math.ceil(settings.grace),
        "containers": [_container(spec, config_name(workload, template), settings)],
        "volumes": [config],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": component},
            }
        ],
    }
    if settings.node_selector:
        body["nodeSelector"] = settings.node_selector
    return {"metadata": {"labels": labels}, "spec": body}


def _container(spec: InstanceSpec, config: str, settings: KubernetesSettings) -> Object:
    container: Object = {
        "name": "main",
        "image": settings.image(spec.image),
        "env": list(_environment(spec, config)),
        "resources": _resources(spec.resources, settings),
        "volumeMounts": [{"name": "config", "mountPath": CONFIG_DIRECTORY, "readOnly": True}],
    }
    if list(_claims(spec, "", settings)):
        container["volumeMounts"].append({"name": "data", "mountPath": settings.disk_path})
    if spec.health_check is not None and spec.health_check.type != "process":
        container |= _probes(spec.health_check)
    return container


def _environment(spec: InstanceSpec, config: str) -> Iterable[Object]:
    """What the descriptor says comes last, so that it holds where a config's key has the same name."""
    yield {"name": "INTERLACE_CONFIG", "value": f"{CONFIG_DIRECTORY}/{CONFIG_FILE}"}
    variables = {f"CONFIG_{re.sub(r'[^A-Z0-9]', '_', key.upper())}": key for key in sorted(spec.config)}
    taken = {*spec.environment, *spec.secrets, "INTERLACE_CONFIG"}
    for variable, key in variables.items():
        if _KEY.fullmatch(key) and variable not in taken:
            yield {"name": variable, "valueFrom": {"configMapKeyRef": {"name": config, "key": key}}}
    for variable in sorted(spec.secrets):
        yield {"name": variable, "valueFrom": {"secretKeyRef": {"name": config, "key": variable}}}
    for variable, value in sorted(spec.environment.items()):
        if variable not in spec.secrets:
            # Of `$(NAME)` Kubernetes would make another variable's value.
            yield {"name": variable, "value": value.replace("$(", "$$(")}


def _resources(asked: Resources, settings: KubernetesSettings) -> Object:
    """Asked for and never more: what is planned is what is there."""
    amounts = {}
    if asked.vcpus:
        amounts["cpu"] = str(asked.vcpus)
    if asked.memory:
        amounts["memory"] = f"{asked.memory}Mi"
    if asked.disk and not settings.storage_class:
        amounts["ephemeral-storage"] = f"{asked.disk}Gi"
    return {"requests": amounts, "limits": amounts}


def _claims(spec: InstanceSpec, workload: str, settings: KubernetesSettings) -> Iterable[Object]:
    if settings.storage_class and spec.resources.disk:
        labels = {**naming.component_labels(spec.pop, spec.tags), naming.WORKLOAD: workload}
        yield {
            "metadata": {"name": "data", "labels": labels},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": settings.storage_class,
                "resources": {"requests": {"storage": f"{spec.resources.disk}Gi"}},
            },
        }


def _probes(check: HealthCheck) -> Object:
    """Ready and alive by the check; one that starts slowly is not taken for dead."""
    at = {"port": check.port}
    asked: Object = {"httpGet": {**at, "path": check.path}} if check.type == "http" else {"tcpSocket": at}
    period = max(1, math.ceil(check.interval))
    probe = asked | {"periodSeconds": period, "timeoutSeconds": max(1, math.ceil(check.timeout))}
    lasting = probe | {"failureThreshold": check.unhealthy_after}
    starting = probe | {"failureThreshold": max(check.unhealthy_after, math.ceil(_STARTS_WITHIN_S / period))}
    return {"startupProbe": starting, "readinessProbe": lasting, "livenessProbe": lasting}


def _service(
    spec: InstanceSpec, namespace: str, name: str, listens: Iterable[Listening], how: Object
) -> Object:
    selects = naming.component_labels(spec.pop, spec.tags)
    ports = sorted({(each.protocol, each.port) for each in listens})
    told = [
        {"name": f"{protocol}-{port}", "protocol": protocol.upper(), "port": port, "targetPort": port}
        for protocol, port in ports
    ]
    meta = _meta(spec, namespace, name, None)
    return {"kind": "Service", "metadata": meta, "spec": {"selector": selects, "ports": told, **how}}


def _meta(spec: InstanceSpec, namespace: str, name: str, owner: Object | None) -> Object:
    said = {key: spec.tags[key] for key in ("service", "tenant", "component")}
    meta: Object = {
        "name": name,
        "namespace": namespace,
        "labels": naming.component_labels(spec.pop, spec.tags),
        "annotations": {f"{naming.DOMAIN}/full-{key}": value for key, value in said.items()},
    }
    return meta | ({"ownerReferences": [owner]} if owner else {})


def _text(value: str | int | float | bool) -> str:
    return value if isinstance(value, str) else json.dumps(value)
