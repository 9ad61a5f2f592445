"""Flavours from the command line's words: what is not named stays as it is."""

from typing import Any

from domain.errors import InputError, UnknownError
from domain.infrastructure import Resources
from domain.records import ServiceRecord
from domain.spelling import hint
from interfaces.cli.requests import checked


class Flavour:
    """The parts of a flavour that an operator named."""

    def __init__(self, vcpus: int | None, memory: str | None, disk: str | None) -> None:
        named = {"vcpus": vcpus, "memory": memory, "disk": disk}
        self._named: dict[str, Any] = {part: value for part, value in named.items() if value is not None}

    def __bool__(self) -> bool:
        return bool(self._named)

    @property
    def is_whole(self) -> bool:
        """Whether there is nothing to be taken from what is now."""
        return len(self._named) == len(Resources.model_fields)

    def over(self, now: Resources | None) -> Resources:
        """The whole flavour.

        :raises InputError: if a part is no quantity, or is neither named nor known
        """
        if now is None and not self.is_whole:
            raise InputError("how large it is now is not known: name all of --vcpus, --memory and --disk")
        return checked(Resources, **((now.model_dump() if now else {}) | self._named))


def flavour_of(service: ServiceRecord, component: str) -> Resources:
    """That of a component's first instance.

    :raises UnknownError: if the service has no such component
    """
    for instance in service.instances:
        if instance.component == component:
            return instance.resources
    meant = hint(component, (each.component for each in service.instances))
    raise UnknownError(f"{service.name} has no component {component!r}; {meant}")


def in_words(resources: Resources) -> str:
    """A flavour for people."""
    return f"{resources.vcpus} vCPU, {resources.memory} MiB, {resources.disk} GiB"
