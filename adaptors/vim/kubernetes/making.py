"""How instances come, change and go."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from adaptors.vim.kubernetes import manifests, naming, pods
from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.calls import ApiError, Refusal, Unready
from adaptors.vim.kubernetes.connection import Connection, Object
from adaptors.vim.kubernetes.members import Member, Workload, differences, template_of
from adaptors.vim.kubernetes.namespaces import Namespaces, Terminating
from adaptors.vim.kubernetes.settings import KubernetesSettings
from adaptors.vim.kubernetes.viewing import View
from adaptors.vim.kubernetes.waiting import Waits
from adaptors.vim.kubernetes.watching import PodWatch
from adaptors.vim.kubernetes.workloads import Going, Held, Workloads
from adaptors.vim.port import Progress
from adaptors.vim.secrets import resolve
from domain.instances import InstanceSpec, VimInstance

_TRIES = 10
_COST = "controller.kubernetes.io/pod-deletion-cost"
_FIRST = "-1000"
"""Of all pods of a workload, this one is to go."""


class Maker:
    """What one call to the VIM needs to make, change or delete instances."""

    def __init__(
        self,
        connection: Connection,
        watch: PodWatch,
        pop: str,
        settings: KubernetesSettings,
        home: Path,
        progress: Progress,
        what: str,
    ) -> None:
        self.api = Api(connection, settings.timeout, progress, what)
        self.workloads = Workloads(self.api, pop, settings)
        self.namespaces = Namespaces(self.api, pop, settings, progress)
        self.waits = Waits(self.api, watch, self.workloads, settings, progress)
        self.view = View(self.api, self.workloads, settings)
        self._settings = settings
        self._home = home

    def create(self, spec: InstanceSpec) -> VimInstance:
        """Find or make an instance, and wait until it runs."""
        values = resolve(self._home, spec.secrets)
        for _ in range(_TRIES):
            held = self._held(spec)
            try:
                return self._created(spec, values, held)
            except Terminating:
                self.namespaces.wait_gone(self.namespaces.name(spec.tags))
            except Going as going:
                self.waits.gone(going.workload, spec.name)
            except ApiError as error:
                if not _is_closing(error):
                    raise
                self.namespaces.wait_gone(self.namespaces.name(spec.tags))
        raise Unready("others keep deleting what it needs")

    def delete(self, name: str) -> None:
        """Delete an instance and what nobody needs any more; not there is no error."""
        held = self.workloads.holding(name)
        for each in held:
            self.leave(each.workload, name)
        spaces = {each.workload.namespace for each in held} or set(self.namespaces.awaiting(name))
        for space in spaces:
            self.namespaces.entered(space, name)
            self.namespaces.tidy(space)

    def leave(self, workload: Workload, name: str) -> None:
        """Take an instance out of a workload, and the workload away where it was the last."""
        now: Workload | None = workload
        while now is not None:
            with suppress(Going):
                if now.is_going or self._left(now, name):
                    break
            now = self.workloads.again(now)
        if now is None or now.is_going:
            self.waits.gone(workload, name)
            self._clear_volumes(workload)

    def joined(
        self, spec: InstanceSpec, space: str, values: Mapping[str, str], arriving: Member | None = None
    ) -> Workload:
        """The workload of those that are made alike, with what its pods need, and this one among them.

        :param arriving: what it is known by elsewhere, where it comes from another workload
        """
        found = self.workloads.fitting(spec, space)
        self._support(spec, found, values)
        return self.workloads.joined(found, spec, arriving)

    def configuration(self, spec: InstanceSpec, workload: Workload, values: Mapping[str, str]) -> None:
        """The ConfigMap and Secret of the pods that a workload makes from this spec; they go with it."""
        space, template = workload.namespace, template_of(spec, workload.kind)
        owner = manifests.owned_by(workload.kind, workload.name, workload.uid)
        called = manifests.config_name(workload.name, template)
        self.api.apply(manifests.config_map(spec, space, called, owner))
        if values:
            self.api.apply(manifests.secret(spec, space, called, values, owner))

    def _support(self, spec: InstanceSpec, workload: Workload, values: Mapping[str, str]) -> None:
        """What a workload's pods need beside it. A pod that starts sooner waits for its config."""
        self.configuration(spec, workload, values)
        owner = manifests.owned_by(workload.kind, workload.name, workload.uid)
        self.api.apply(manifests.disruption_budget(spec, workload.namespace, workload.name, owner))

    def _held(self, spec: InstanceSpec) -> Held | None:
        """The instance, where there is one of that spec; one on its way out is waited for."""
        while held := self.workloads.holding(spec.name):
            going = [each for each in held if each.workload.is_going or each.member.state == "leaving"]
            if len(going) < len(held):
                self._check(held[0], spec)
                return held[0]
            for each in going:
                self.leave(each.workload, spec.name)
        if spec.addresses:
            self._check_asked(spec)
        return None

    def _check_asked(self, spec: InstanceSpec) -> None:
        """An address that its component's service has is its own, too; any other is not to be had."""
        given = self.view.shared_address(spec, self.namespaces.name(spec.tags))
        if set(spec.addresses.values()) != {given}:
            asked = ", ".join(f"{point}: {address}" for point, address in spec.addresses.items())
            raise Refusal(f"Kubernetes chooses addresses by itself, none can be asked for ({asked})")

    def _check(self, held: Held, spec: InstanceSpec) -> None:
        fields = differences(held.workload.spec(held.member), spec)
        if spec.addresses and set(spec.addresses.values()) != {self.view.instance(held).address}:
            fields.append("addresses")
        if fields:
            raise Refusal(f"the name is taken by an instance of another spec: {', '.join(fields)} differ")

    def _created(self, spec: InstanceSpec, values: Mapping[str, str], held: Held | None) -> VimInstance:
        try:
            workload = self._joined(spec, values, held)
            going = self._failed(workload, spec.name) if held else frozenset[str]()
            pod = self.waits.running(workload, spec.name, going)
            return self.waits.until(
                spec.name, lambda: self._addressed(workload, spec.name, pod), "it has no address yet"
            )
        except (Refusal, ApiError) as error:
            if held is None and _is_final(error):
                self.delete(spec.name)
            raise

    def _addressed(self, workload: Workload, name: str, pod: Object) -> VimInstance | None:
        """An instance that others can be told of; None while a load balancer has no address."""
        found = self.view.of_pod(workload, name, pod)
        return found if found.address else None

    def _joined(self, spec: InstanceSpec, values: Mapping[str, str], held: Held | None) -> Workload:
        """With a mark in the namespace, until the workload keeps it. Trouble leaves it, for `delete`."""
        space = self.namespaces.enter(spec.tags, spec.name)
        for service in (manifests.service(spec, space), manifests.exposing(spec, space, self._settings)):
            if service is not None:
                self.api.apply(service)
        if held is None:
            workload = self.joined(spec, space, values)
        else:
            renewed = self.workloads.reapplied(held.workload, spec)
            workload = self.workloads.sized(renewed or held.workload)
            self._support(spec, workload, values)
        self.namespaces.entered(space, spec.name)
        return workload

    def _failed(self, workload: Workload, name: str) -> frozenset[str]:
        """Have an instance that has failed built anew: its pod goes, and another comes."""
        pod = self.view.pod(workload, name)
        if pod is None or pods.state_of(pod).standing not in ("failing", "unusable"):
            return frozenset()
        meta = pod["metadata"]
        self.api.delete("Pod", meta["namespace"], meta["name"], {"uid": meta["uid"]})
        return frozenset({meta["uid"]})

    def _left(self, workload: Workload, name: str) -> bool:
        """False where others changed the workload meanwhile."""
        if workload.member(name) is None:
            return True
        if not any(each.name != name for each in workload.staying):
            return self.workloads.deleted(workload) and False
        self._sacrifice(workload, name)
        now = self.workloads.sized(self.workloads.leaving(workload, name))
        self.waits.shrunk(now, name)
        self.workloads.without(now, name)
        return True

    def _sacrifice(self, workload: Workload, name: str) -> None:
        """Say which pod is to go; before Kubernetes 1.22 the youngest goes, and instances change pods."""
        pod = self.view.pod(workload, name)
        if pod is None or workload.kind != "Deployment":
            return
        meta = pod["metadata"]
        try:
            self.api.merge(
                "Pod", meta["namespace"], meta["name"], {"metadata": {"annotations": {_COST: _FIRST}}}
            )
        except ApiError as error:
            if error.status != 404:
                raise

    def _clear_volumes(self, workload: Workload) -> None:
        """A StatefulSet leaves its volumes behind."""
        if workload.kind != "StatefulSet" or not self._settings.storage_class:
            return
        mine = naming.selector({**naming.MANAGED, naming.WORKLOAD: workload.name})
        for claim in self.api.list("PersistentVolumeClaim", workload.namespace, labelSelector=mine):
            self.api.delete("PersistentVolumeClaim", workload.namespace, claim["metadata"]["name"])


def _is_closing(error: ApiError) -> bool:
    """Whether a namespace went under somebody's hands."""
    return error.is_terminating or (error.status == 404 and str(error).startswith("namespaces "))


def _is_final(error: Exception) -> bool:
    """Whether trying again cannot help, so that nothing may be left."""
    if not isinstance(error, ApiError):
        return True
    return (error.status in (400, 403, 422) and not error.is_terminating) or bool(error.managers)
