"""Another config for a running instance: a new pod first, then the old one goes.

An instance that has its workload to itself is rolled over by Kubernetes. One of several moves to the workload
of those that are made like it will be: its fellows keep their config until they are told.
"""

from collections.abc import Mapping
from pathlib import Path

from adaptors.vim.kubernetes import manifests, pods
from adaptors.vim.kubernetes.calls import Refusal, Unready
from adaptors.vim.kubernetes.making import Maker
from adaptors.vim.kubernetes.members import Workload
from adaptors.vim.kubernetes.waiting import Impossible
from adaptors.vim.kubernetes.workloads import Held
from adaptors.vim.secrets import resolve
from domain.instances import InstanceSpec

Config = Mapping[str, str | int | float | bool]
ABSENT = "there is none of this name"
_TRIES = 20


class Configurer:
    """Changes the config of instances within one call to the VIM."""

    def __init__(self, maker: Maker, home: Path) -> None:
        self._maker = maker
        self._home = home

    def configure(self, name: str, config: Config) -> None:
        """Give a running instance another config; where that cannot run, it keeps the old one."""
        held = self._maker.workloads.holding(name)
        if not held:
            raise Refusal(ABSENT)
        workload, member = held[0]
        old = workload.spec(member)
        new = old.model_copy(update={"config": dict(config)})
        if _same(old, new):
            self._finish(held)
            return
        if (ailment := self._maker.view.ailment(name)) is not None:
            raise Refusal(ailment)
        if len(workload.members) == 1:
            self._roll(workload, old, new)
        else:
            self._move(held[0], new)

    def _finish(self, held: list[Held]) -> None:
        """What an earlier call began: the pods of before are to go."""
        name = held[0].member.name
        for former in held[1:]:
            self._maker.leave(former.workload, name)
        if len(held[0].workload.members) == 1:
            self._maker.waits.rolled(held[0].workload, name)

    def _roll(self, workload: Workload, old: InstanceSpec, new: InstanceSpec) -> None:
        values = resolve(self._home, new.secrets)
        rolled = self._changed(workload, new, values)
        try:
            self._maker.waits.rolled(rolled, new.name)
        except (Impossible, Unready) as error:
            self._roll_back(rolled, old, values)
            raise Refusal(f"{error}; it keeps its old config") from error
        self._forget(workload)

    def _changed(self, workload: Workload, spec: InstanceSpec, values: Mapping[str, str]) -> Workload:
        """The workload with another template; nobody may join it meanwhile."""
        now: Workload | None = workload
        for _ in range(_TRIES):
            if now is None or len(now.members) != 1:
                break
            self._maker.configuration(spec, now, values)
            changed = self._maker.workloads.reapplied(now, spec)
            if changed is not None:
                return changed
            now = self._maker.workloads.again(now)
        raise Unready("others keep changing its workload")

    def _roll_back(self, rolled: Workload, old: InstanceSpec, values: Mapping[str, str]) -> None:
        self._changed(rolled, old, values)
        self._forget(rolled)
        if rolled.kind == "StatefulSet":
            # It would wait for ever for a pod that cannot become ready.
            for pod in self._maker.view.pods(rolled):
                if pods.template_of(pod) == rolled.template:
                    self._maker.api.delete("Pod", rolled.namespace, pod["metadata"]["name"])

    def _forget(self, workload: Workload) -> None:
        """The configuration of a template that no pod has any more."""
        name = manifests.config_name(workload.name, workload.template)
        for kind in ("ConfigMap", "Secret"):
            self._maker.api.delete(kind, workload.namespace, name)

    def _move(self, held: Held, new: InstanceSpec) -> None:
        values = resolve(self._home, new.secrets)
        maker, space = self._maker, held.workload.namespace
        target = maker.joined(new, space, values, held.member)
        try:
            maker.waits.running(target, new.name)
        except (Impossible, Unready) as error:
            maker.leave(target, new.name)
            raise Refusal(f"{error}; it keeps its old config") from error
        maker.workloads.settled(target, new.name)
        maker.leave(held.workload, new.name)


def _same(one: InstanceSpec, other: InstanceSpec) -> bool:
    return one.model_dump_json(include={"config"}) == other.model_dump_json(include={"config"})
