"""A descriptor as operations have adjusted it."""

from collections.abc import Mapping
from typing import Any

from domain.deployments import Adjustment
from domain.descriptor import Descriptor


def adjusted(descriptor: Descriptor, adjustments: Mapping[str, Adjustment]) -> Descriptor:
    """`descriptor` with the numbers, flavours and images that operations gave its components."""
    components = {
        name: component.model_copy(update=_changes(adjustments.get(name, Adjustment())))
        for name, component in descriptor.components.items()
    }
    return descriptor.model_copy(update={"components": components})


def _changes(adjustment: Adjustment) -> dict[str, Any]:
    return {field: value for field, value in adjustment if value is not None}
