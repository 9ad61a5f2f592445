"""What one operation changes; all else of the service stays."""

from domain.deployments import Adjustment, PlacedInstance
from domain.descriptor import Descriptor
from domain.models import Model, Name
from planning.target import ALL_AT_ONCE


class Aim(Model):
    """An operation's own part of a target."""

    adjustments: dict[Name, Adjustment] = {}
    """Of the deployment to be, not only the new ones."""
    moved: dict[str, Name] = {}
    """Instance -> PoP where it is wanted."""
    freed: frozenset[str] = frozenset()
    """Instances that need not stay where they are."""
    excluded: dict[str, frozenset[Name]] = {}
    """Instance -> PoPs where it must not be."""
    closed: frozenset[Name] = frozenset()
    """PoPs that take nothing new."""
    lost: frozenset[Name] = frozenset()
    """PoPs that are gone."""
    anew: frozenset[str] = frozenset()
    """Instances and endpoints that are built anew."""
    ailing: frozenset[str] = frozenset()
    """Those of them that do not serve any more."""
    settled: frozenset[str] = frozenset()
    """`web.image`, `web.resources`: given to all instances of a component, whatever single ones have."""
    in_place: frozenset[str] = frozenset()
    """Instances that stay themselves, though they are given other resources."""
    rehosted: tuple[str, ...] = ()
    """Instances that go to another host of their PoP; then nothing else changes."""
    live: bool = True
    """Whether users are not to notice that."""
    move_cost: float | None = None
    """Everything may move where that saves more per hour; None where things stay."""
    surge: int = ALL_AT_ONCE
    notes: tuple[str, ...] = ()


def merged(old: Adjustment, new: Adjustment) -> Adjustment:
    """`old` with what `new` says."""
    return old.model_copy(update={field: value for field, value in new if value is not None})


def normal(adjustments: dict[str, Adjustment], descriptor: Descriptor) -> dict[str, Adjustment]:
    """Without what the descriptor says itself."""
    found = {}
    for name, adjustment in adjustments.items():
        described = descriptor.components[name]
        differing = {
            field: value
            for field, value in adjustment
            if value is not None and value != getattr(described, field)
        }
        if differing:
            found[name] = Adjustment.model_validate(differing)
    return found


def of_component(instances: tuple[PlacedInstance, ...], component: str) -> tuple[PlacedInstance, ...]:
    """The instances of one component."""
    return tuple(each for each in instances if each.component == component and not each.endpoint)


def listed(names: list[str], shown: int = 6) -> str:
    """Names for people: the first few, and how many more."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")
