"""What a VIM is asked to run: instances of components, and what stands at endpoints; references resolved."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import NamedTuple

from domain import names
from domain.deployments import PlacedInstance
from domain.descriptor import Component, ComponentKind
from domain.errors import InputError
from domain.infrastructure import Resources
from domain.instances import InstanceSpec
from domain.references import outputs_of, resolve

Config = dict[str, str | int | float | bool]
Outputs = Mapping[str, Mapping[str, str]]
"""Component -> output -> value."""


class Serving(NamedTuple):
    """An instance whose address others are told."""

    component: str
    instance: str
    address: str
    pop: str


def outputs(serving: Iterable[Serving]) -> Outputs:
    """What each component offers to those that refer to it, its instances in the order of their numbers."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in sorted(serving, key=lambda each: _number(each.instance)):
        found.setdefault(each.component, []).append((each.address, each.pop))
    return {component: outputs_of(instances) for component, instances in found.items()}


def edited(component: Component, placed: PlacedInstance) -> Component:
    """A component as one of its instances is to be."""
    return component.model_copy(
        update={
            "image": placed.image,
            "resources": placed.resources,
            "config": {**component.config, **placed.config},
            "environment": {**component.environment, **placed.environment},
        }
    )


def component_spec(
    component: Component,
    name: str,
    pop: str,
    known: Outputs,
    tags: dict[str, str],
    addresses: dict[str, str] | None = None,
) -> InstanceSpec:
    """One instance of a component.

    :param known: of the components that it refers to
    :param addresses: those that it must have, by connection point
    """
    return InstanceSpec(
        name=name,
        pop=pop,
        image=component.image,
        resources=component.resources,
        kind=component.kind,
        config=wired(component, known),
        environment={key: _resolved(key, text, known) for key, text in component.environment.items()},
        secrets=component.secrets,
        connection_points=component.connection_points,
        health_check=component.health_check,
        addresses=addresses or {},
        tags=tags,
    )


def endpoint_spec(
    name: str, pop: str, tags: dict[str, str], addresses: dict[str, str] | None = None
) -> InstanceSpec:
    """What stands for the users where the service meets them; it takes nothing of the PoP's capacity."""
    return InstanceSpec(
        name=name,
        pop=pop,
        image=names.ENDPOINT_IMAGE,
        resources=Resources.of(0, 0, 0),
        kind=ComponentKind.VNF,
        connection_points=("users",),
        addresses=addresses or {},
        tags=tags,
    )


def wired(component: Component, known: Outputs) -> Config:
    """A component's config with its references resolved."""
    return {
        key: _resolved(key, value, known) if isinstance(value, str) else value
        for key, value in component.config.items()
    }


def mark(placed: PlacedInstance) -> str:
    """Another one whenever an operator has edited what the instance is to be."""
    asked = placed.model_dump_json(include={"image", "resources", "config", "environment"})
    return sha256(asked.encode()).hexdigest()[:8]


def _resolved(key: str, text: str, known: Outputs) -> str:
    try:
        return resolve(text, known)
    except KeyError as missing:
        raise InputError(f"{key}: {text!r} refers to {missing.args[0]}, which has no address yet") from None


def _number(instance: str) -> int:
    return int(instance.rpartition("-")[2])
