"""The operations that are timed: each with eight tasks that follow one another."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from domain.infrastructure import Resources
from domain.lifecycle import AnyRequest, MigrateRequest, ScaleRequest
from domain.models import Model
from domain.names import OperationKind
from domain.requests import InstantiateRequest
from lab.recovering.estate import CHAIN, CREW

TASKS = 8
"""That take their time, in each operation."""
_CHAIN = ("one", "two", "three", "four", "five", "six", "seven", "eight")


class Subject(Model):
    """One operation."""

    kind: OperationKind
    action: str
    """The activity that each of the tasks is."""
    request: Callable[[str], AnyRequest]
    """Of a service's name."""
    prepared: str | None
    """The descriptor from which the service runs already; None where the operation makes it."""
    again: float
    """Share of its time that such a task takes where an attempt before has done it: what it made is found."""

    def preparation(self, service: str) -> InstantiateRequest | None:
        """What brings the service to where the operation begins."""
        return InstantiateRequest(service=service, descriptor=self.prepared) if self.prepared else None


def _instantiate(service: str) -> InstantiateRequest:
    return InstantiateRequest(service=service, descriptor=CHAIN)


def _scale(service: str) -> ScaleRequest:
    """Up, in place: as each is interrupted, one instance after the other is resized."""
    larger = Resources.of(2, 512, 0)
    return ScaleRequest(service=service, component="crew", resources=larger, in_place=True)


def _migrate(service: str) -> MigrateRequest:
    """To the other PoP, built there one after the other; the old ones are drained and deleted then."""
    return MigrateRequest(service=service, moves=dict.fromkeys(_CHAIN, "south"))


SUBJECTS: Mapping[OperationKind, Subject] = MappingProxyType(
    {
        each.kind: each
        for each in (
            Subject(
                kind=OperationKind.INSTANTIATE,
                action="instance.create",
                request=_instantiate,
                prepared=None,
                again=0.0,
            ),
            Subject(
                kind=OperationKind.SCALE, action="instance.resize", request=_scale, prepared=CREW, again=0.0
            ),
            Subject(
                kind=OperationKind.MIGRATE,
                action="instance.create",
                request=_migrate,
                prepared=CHAIN,
                again=0.0,
            ),
        )
    }
)
