"""Steps at instances: built, given another config, their state handed on, drained, deleted."""

import shutil
from pathlib import Path

from temporalio import activity

from activities.deleting import delete_for_good
from activities.hints import exposed, listens
from activities.orders import Ordered, made, placed
from activities.pops import Pops
from activities.specs import component_spec, edited, endpoint_spec, mark, wired
from activities.translation import translated
from adaptors.vim.port import NetworkedVim, Vim
from catalogue.store import Catalogue
from domain.deployments import PlacedInstance
from domain.descriptor import Component
from domain.errors import UnknownError, VimRefusedError
from domain.instances import InstanceSpec, InstanceStatus, VimInstance
from domain.operation_plans import StepAction
from domain.steering import StepNote, StepOrder

_DRAIN_S = 5.0


class StepActivities:
    """Does the steps of plans at the VIMs; each may be tried again at any time."""

    def __init__(self, catalogue: Catalogue, pops: Pops, home: Path) -> None:
        self._catalogue = catalogue
        self._pops = pops
        self._home = home

    @activity.defn(name=StepAction.CREATE.value)
    def create(self, order: StepOrder) -> StepNote:
        """Find or create an instance; after any crash the ledger knows what may exist."""
        with translated():
            vim = self._pops.at_once().vim(order.step.pop)
            spec = spec_of(order, self._ordered(order))
            if order.step.committed:
                spec = _as_found(spec, vim)
            with activity.shield_thread_cancel_exception():
                self._intend(order, spec)
            found = _made(vim, spec, order.step.committed)
            self._note(vim, spec, found)
        return StepNote(note=found.address)

    @activity.defn(name=StepAction.CONFIGURE.value)
    def configure(self, order: StepOrder) -> StepNote:
        """Give an instance the config that it is to have when the step's round is over."""
        step = order.step
        with translated():
            ordered = self._ordered(order)
            own = ordered.own_deployment
            wanted = placed(own, step.instance)
            component = edited(ordered.descriptor_of(own).components[wanted.component], wanted)
            config = wired(component, ordered.outputs_then())
            self._pops.at_once().vim(step.pop).configure(_name_of(order), config, activity.heartbeat)
        return StepNote()

    @activity.defn(name=StepAction.TRANSFER.value)
    def transfer(self, order: StepOrder) -> StepNote:
        """Copy the state of an instance to its successor."""
        step = order.step
        with translated():
            Ordered(self._catalogue, order).admit()
            pops = self._pops.at_once()
            source, target = pops.vim(step.source_pop or step.pop), pops.vim(step.pop)
            if not (isinstance(source, NetworkedVim) and isinstance(target, NetworkedVim)):
                return StepNote(note="nothing to copy: its state is modelled")
            return StepNote(note=self._copied(source, step.source or "", target, _name_of(order)))

    @activity.defn(name=StepAction.DRAIN.value)
    def drain(self, order: StepOrder) -> StepNote:
        """Wait until what an instance has in flight is done."""
        step, name = order.step, _name_of(order)
        with translated():
            Ordered(self._catalogue, order).admit()
            vim = self._pops.at_once().vim(step.pop)
            if not isinstance(vim, NetworkedVim):
                return StepNote()
            if vim.read(name) is None:
                return StepNote(note="it is not there")
            limit_s = _DRAIN_S if step.limit_s is None else step.limit_s
            return StepNote(note=vim.drain(name, activity.heartbeat, limit_s))

    @activity.defn(name=StepAction.DELETE.value)
    def delete(self, order: StepOrder) -> StepNote:
        """Delete an instance, or a PoP's part of a network, and see that it is gone."""
        step, name = order.step, _name_of(order)
        with translated():
            Ordered(self._catalogue, order).admit()
            pops = self._pops.at_once()
            delete_for_good(self._catalogue, pops, name, step.pop, step.vim_kind, step.kind)
        return StepNote()

    def _ordered(self, order: StepOrder) -> Ordered:
        ordered = Ordered(self._catalogue, order)
        ordered.admit()
        return ordered

    def _intend(self, order: StepOrder, spec: InstanceSpec) -> None:
        held, step = order.held, order.step
        if (spec.name, step.pop) in made(self._catalogue, held.service):
            return
        self._catalogue.ledger.intend(
            operation_id=held.operation_id,
            fence=held.fence,
            service=held.service,
            component=spec.tags["component"],
            instance=spec.tags["instance"],
            pop=step.pop,
            vim_kind=step.vim_kind,
            resource_name=spec.name,
            tags=spec.tags,
        )

    def _note(self, vim: Vim, spec: InstanceSpec, found: VimInstance) -> None:
        """It is there; unless it was undone while this late attempt was still at it."""
        try:
            with activity.shield_thread_cancel_exception():
                self._catalogue.ledger.created(
                    spec.name, spec.pop, found.external_id, found.address, _addresses(spec, found)
                )
        except UnknownError:
            vim.delete(spec.name, activity.heartbeat)
            raise

    def _copied(self, source: NetworkedVim, name: str, target: NetworkedVim, successor: str) -> str:
        """By way of a directory that nobody else reads, and that no attempt leaves behind."""
        room = self._home / "transfers" / successor / name
        shutil.rmtree(room, ignore_errors=True)  # of an attempt whose worker died
        directory = room / str(activity.info().attempt)
        directory.mkdir(parents=True, mode=0o700)
        try:
            source.export_state(name, directory, activity.heartbeat)
            return target.import_state(successor, directory, activity.heartbeat)
        finally:
            shutil.rmtree(room, ignore_errors=True)


def spec_of(order: StepOrder, ordered: Ordered) -> InstanceSpec:
    """What the VIM is asked for by an order to create."""
    wanted = placed(ordered.deployment, order.step.instance)
    name, pop, tags = _name_of(order), order.step.pop, _tags(order, wanted)
    if wanted.endpoint:
        return endpoint_spec(name, pop, tags, wanted.addresses)
    component = _component(ordered, wanted)
    spec = component_spec(component, name, pop, ordered.outputs_now(), tags, wanted.addresses)
    around = ordered.descriptor
    return spec.model_copy(
        update={
            "listens": listens(around, wanted.component),
            "exposed": exposed(around, wanted.component),
            "single": component.lifecycle.single,
        }
    )


def _component(ordered: Ordered, wanted: PlacedInstance) -> Component:
    return edited(ordered.descriptor.components[wanted.component], wanted)


def _as_found(spec: InstanceSpec, vim: Vim) -> InstanceSpec:
    """What is brought back may be there still, with the tags of the operation that built it."""
    found = vim.read(spec.name)
    return spec.model_copy(update={"tags": found.tags}) if found else spec


def _made(vim: Vim, spec: InstanceSpec, committed: bool) -> VimInstance:
    """Found or created.

    What an earlier attempt left of another spec, since edited, makes room first. What is committed and runs
    stays, even if it was told something else since it was built; where it does not run, it is built anew.
    """
    try:
        return vim.create(spec, activity.heartbeat)
    except VimRefusedError:
        found = vim.read(spec.name)
        if committed and found and found.status is InstanceStatus.RUNNING:
            return found
        if found is None or (found.tags == spec.tags and not committed):
            raise
        vim.delete(spec.name, activity.heartbeat)
        return vim.create(spec, activity.heartbeat)


def _addresses(spec: InstanceSpec, found: VimInstance) -> dict[str, str]:
    """By connection point; without a switch an instance has one address, that of its first."""
    if found.ports:
        return {port.connection_point: port.address for port in found.ports}
    return {spec.connection_points[0]: found.address} if spec.connection_points else {}


def _name_of(order: StepOrder) -> str:
    if order.step.resource is None:
        raise VimRefusedError(f"step {order.step.id} names nothing in the VIM")
    return order.step.resource


def _tags(order: StepOrder, wanted: PlacedInstance) -> dict[str, str]:
    return {
        "service": order.held.service,
        "component": wanted.component,
        "instance": wanted.name,
        "operation": order.held.operation_id,
        "tenant": order.tenant,
        "spec": mark(wanted),
    }
