"""How the operations are put to the proof: what is there before, and what is asked for."""

from collections.abc import Callable

from domain.infrastructure import Resources
from domain.lifecycle import AnyRequest, HealRequest, MigrateRequest, ScaleRequest, UpdateRequest
from domain.models import Model
from domain.names import OperationKind
from domain.requests import InstantiateRequest, Patience, TerminateRequest

DESCRIPTOR = "proven"
"""Its versions 1 and 2 are onboarded in each lab."""

_PATIENCE = Patience(step_timeout_s=60, give_up_after_s=60, undo_give_up_after_s=60)


class Subject(Model):
    """One operation as it is proven."""

    kind: OperationKind
    request: Callable[[str], AnyRequest]
    """Of a service's name."""
    packets_request: Callable[[str], AnyRequest] | None = None
    """The same where packets are real, if not all of it can be done there."""
    prepared: bool = True
    """Whether the service runs already, in version 1."""
    crashed: tuple[str, ...] = ()
    """Instances that have failed by themselves before it begins."""
    on_emulator: bool = False
    """Whether its main points are proven on the emulator, with traffic running."""
    undone: bool = True
    """Whether it is undone where it fails."""

    def asked(self, service: str, packets: bool) -> AnyRequest:
        """What is asked for, where packets are real or not."""
        return ((packets and self.packets_request) or self.request)(service)

    def preparation(self, service: str) -> InstantiateRequest | None:
        """What brings the service to where the operation begins."""
        return _instantiate(service) if self.prepared else None


def _instantiate(service: str) -> InstantiateRequest:
    return InstantiateRequest(service=service, descriptor=DESCRIPTOR, version="1", patience=_PATIENCE)


def _scale(service: str) -> ScaleRequest:
    return ScaleRequest(service=service, component="web", by=1, patience=_PATIENCE)


def _scale_in_place(service: str) -> ScaleRequest:
    """One more, and all of them larger: those that run are resized."""
    return _scale(service).model_copy(
        update={"resources": Resources.of(2, 512, 0), "in_place": True},
    )


def _migrate(service: str) -> MigrateRequest:
    return MigrateRequest(service=service, moves={"web-1": "west"}, patience=_PATIENCE)


def _heal(service: str) -> HealRequest:
    return HealRequest(service=service, patience=_PATIENCE)


def _update(service: str) -> UpdateRequest:
    return UpdateRequest(service=service, version="2", patience=_PATIENCE)


def _terminate(service: str) -> TerminateRequest:
    return TerminateRequest(service=service, patience=_PATIENCE)


SUBJECTS: dict[OperationKind, Subject] = {
    subject.kind: subject
    for subject in (
        Subject(kind=OperationKind.INSTANTIATE, request=_instantiate, prepared=False, on_emulator=True),
        Subject(kind=OperationKind.SCALE, request=_scale_in_place, packets_request=_scale, on_emulator=True),
        Subject(kind=OperationKind.MIGRATE, request=_migrate, on_emulator=True),
        Subject(kind=OperationKind.HEAL, request=_heal, crashed=("web-1",)),
        Subject(kind=OperationKind.UPDATE, request=_update),
        Subject(kind=OperationKind.TERMINATE, request=_terminate, undone=False),
    )
}
