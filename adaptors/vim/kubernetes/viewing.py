"""How instances look from outside: put together from their workloads, pods and services."""

from collections.abc import Collection, Mapping

from adaptors.vim.kubernetes import manifests, naming, pods
from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.members import Member, Workload
from adaptors.vim.kubernetes.origins import origins
from adaptors.vim.kubernetes.pods import State
from adaptors.vim.kubernetes.settings import KubernetesSettings
from adaptors.vim.kubernetes.workloads import Held, Workloads
from domain.instances import InstanceSpec, InstanceStatus, VimInstance

_STATUS = {
    "running": InstanceStatus.RUNNING,
    "failing": InstanceStatus.ERROR,
    "unusable": InstanceStatus.ERROR,
}
_UNKNOWN = Member(name="", id="", tags={})


class View:
    """Looks at the instances of one PoP."""

    def __init__(self, api: Api, workloads: Workloads, settings: KubernetesSettings) -> None:
        self._api = api
        self._workloads = workloads
        self._settings = settings

    def one(self, name: str) -> VimInstance | None:
        """The instance of that name."""
        held = self._workloads.holding(name)
        return self.instance(held[0]) if held else None

    def instance(self, held: Held) -> VimInstance:
        """An instance as it is now."""
        workload, member = held
        return self._instance(workload, member, self.pod(workload, member.name), None)

    def of_pod(self, workload: Workload, name: str, pod: Object) -> VimInstance:
        """An instance whose pod is known."""
        return self._instance(workload, workload.member(name) or _UNKNOWN, pod, None)

    def all(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        """The instances that carry all of these tags, by name."""
        found = self._workloads.of(_labels(tags))
        alive = self._pods_of(found)
        services = self._services(found)
        held = self._held(found, tags)
        return tuple(
            self._instance(one.workload, one.member, _own(*one, alive.get(_key(one.workload), [])), services)
            for one in sorted(held, key=lambda one: one.member.name)
        )

    def ailment(self, name: str) -> str | None:
        """What is wrong with an instance."""
        held = self._workloads.holding(name)
        if not held:
            return "it is not there"
        workload, member = held[0]
        if _is_going(workload, member):
            return f"it is in {InstanceStatus.DELETING}"
        pod = self.pod(workload, name)
        if pod is None:
            return "; ".join(workload.failures) or "it has no pod"
        state = pods.state_of(pod)
        if state.standing != "running":
            return state.words or f"it is in {InstanceStatus.BUILD}"
        return self._unserved(workload.spec(member), workload.namespace)

    def shared_address(self, spec: InstanceSpec, namespace: str) -> str | None:
        """What a component's instances have in common; None where there is none, or none yet."""
        wanted = manifests.service(spec, namespace)
        if wanted is None or self._settings.address == "external":
            return None
        found = self._api.get("Service", namespace, wanted["metadata"]["name"])
        return None if found is None else str(found["spec"].get("clusterIP", ""))

    def pod(self, workload: Workload, name: str) -> Object | None:
        """The pod of an instance, as the API server has it now."""
        member = workload.member(name)
        return None if member is None else _own(workload, member, self.pods(workload))

    def pods(self, workload: Workload) -> list[Object]:
        """All pods of a workload, as the API server has them now."""
        mine = naming.selector({naming.WORKLOAD: workload.name})
        return list(self._api.list("Pod", workload.namespace, labelSelector=mine))

    def pods_of_instances(self, names: Collection[str]) -> dict[str, Object]:
        """Instance -> its pod; of those that have one."""
        found = self._workloads.of({})
        alive = self._pods_of(found)
        held = (one for one in self._held(found, {}) if one.member.name in names)
        pods_of = {one.member.name: _own(*one, alive.get(_key(one.workload), [])) for one in held}
        return {name: pod for name, pod in pods_of.items() if pod is not None}

    def _unserved(self, spec: InstanceSpec, namespace: str) -> str | None:
        """What of the services that lead to an instance is missing."""
        for wanted in (
            manifests.service(spec, namespace),
            manifests.exposing(spec, namespace, self._settings),
        ):
            if wanted is None:
                continue
            name = wanted["metadata"]["name"]
            if self._api.get("Service", namespace, name) is None:
                return f"Service {namespace}/{name} is gone, so nobody reaches it"
        return None

    def _held(self, found: list[Workload], tags: Mapping[str, str]) -> list[Held]:
        """Each instance once: where it is, not where it goes to."""
        best: dict[str, Held] = {}
        for workload in found:
            for member in workload.members:
                if not tags.items() <= member.tags.items():
                    continue
                other = best.get(member.name)
                if other is None or _rank(member) > _rank(other.member):
                    best[member.name] = Held(workload, member)
        return list(best.values())

    def _pods_of(self, found: list[Workload]) -> dict[tuple[str, str], list[Object]]:
        if not found:
            return {}
        groups: dict[tuple[str, str], list[Object]] = {}
        spaces = {workload.namespace for workload in found}
        where = spaces.pop() if len(spaces) == 1 else ""
        for pod in self._api.list("Pod", where, labelSelector=naming.selector(naming.MANAGED)):
            groups.setdefault(pods.workload_of(pod), []).append(pod)
        return groups

    def _services(self, found: list[Workload]) -> dict[tuple[str, str], Object]:
        if not found:
            return {}
        spaces = {workload.namespace for workload in found}
        where = spaces.pop() if len(spaces) == 1 else ""
        listed = self._api.list("Service", where, labelSelector=naming.selector(naming.MANAGED))
        return {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in listed}

    def _instance(
        self,
        workload: Workload,
        member: Member,
        pod: Object | None,
        services: Mapping[tuple[str, str], Object] | None,
    ) -> VimInstance:
        spec = workload.spec(member)
        state = State("starting") if pod is None else pods.state_of(pod)
        going = _is_going(workload, member)
        return VimInstance(
            name=member.name,
            external_id=f"{workload.namespace}/{member.id}",
            address=self._address(workload, spec, pod, services),
            status=InstanceStatus.DELETING if going else _STATUS.get(state.standing, InstanceStatus.BUILD),
            tags=member.tags,
            resources=spec.resources,
            forwarding="routed" if self._settings.traits(spec.image).routed else "terminating",
            sources=self._settings.sources or origins(self._api),
        )

    def _address(
        self,
        workload: Workload,
        spec: InstanceSpec,
        pod: Object | None,
        services: Mapping[tuple[str, str], Object] | None,
    ) -> str:
        """What others are told: the service's, which stays; where nothing is said to listen, the pod's."""
        status = {} if pod is None else pod.get("status", {})
        space = workload.namespace
        outside = manifests.exposing(spec, space, self._settings)
        if self._settings.address == "external" and outside is not None:
            if self._settings.exposure == "node-port":
                return str(status.get("hostIP", ""))
            return _balanced(self._service(space, outside["metadata"]["name"], services))
        inside = manifests.service(spec, space)
        if inside is None:
            return str(status.get("podIP", ""))
        found = self._service(space, inside["metadata"]["name"], services)
        return "" if found is None else str(found["spec"].get("clusterIP", ""))

    def _service(
        self, space: str, name: str, services: Mapping[tuple[str, str], Object] | None
    ) -> Object | None:
        return self._api.get("Service", space, name) if services is None else services.get((space, name))


def _balanced(service: Object | None) -> str:
    """The address that the cluster's provider gave a load balancer; empty until then."""
    status = {} if service is None else service.get("status", {})
    given: list[Object] = (status.get("loadBalancer") or {}).get("ingress") or []
    return str(given[0].get("ip") or given[0].get("hostname") or "") if given else ""


def _labels(tags: Mapping[str, str]) -> dict[str, str]:
    """By which workloads can be chosen before their instances are looked at."""
    keys = {"service": naming.SERVICE, "tenant": naming.TENANT, "component": naming.COMPONENT}
    return {label: naming.label_name(tags[key]) for key, label in keys.items() if key in tags}


def _own(workload: Workload, member: Member, found: list[Object]) -> Object | None:
    members = workload.members if member.state == "leaving" else workload.staying
    return pods.assigned((each.name for each in members), found).get(member.name)


def _key(workload: Workload) -> tuple[str, str]:
    return workload.namespace, workload.name


def _is_going(workload: Workload, member: Member) -> bool:
    return workload.is_going or member.state == "leaving"


def _rank(member: Member) -> tuple[bool, int]:
    return member.state == "here", member.turn
