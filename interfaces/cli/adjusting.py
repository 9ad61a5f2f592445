"""In which ways a service differs from its descriptor, since operations have changed it."""

from catalogue.store import Catalogue
from domain.deployments import Adjustment
from domain.descriptor import Component
from domain.errors import UnknownError
from domain.records import ServiceRecord
from interfaces.cli.flavours import in_words


def adjusted(catalogue: Catalogue, record: ServiceRecord) -> tuple[str, ...]:
    """One line a component: `web: 3 instances (descriptor: 2)`."""
    if not record.adjustments or record.descriptor is None:
        return ()
    try:
        components = catalogue.descriptors.get(record.descriptor, record.version).components
    except UnknownError:
        components = {}
    return tuple(
        f"{name}: {', '.join(_differences(each, components.get(name)))}"
        for name, each in record.adjustments.items()
    )


def _differences(now: Adjustment, described: Component | None) -> list[str]:
    instances = None if now.instances is None else f"{now.instances} instances"
    flavour = None if now.resources is None else f"{in_words(now.resources)} each"
    if described is None:
        return [part for part in (instances, flavour, now.image) if part]
    was = (str(described.instances), in_words(described.resources), described.image)
    parts = zip((instances, flavour, now.image), was, strict=True)
    return [f"{part} (descriptor: {before})" for part, before in parts if part]
