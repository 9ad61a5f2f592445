"""What a plan changes, as rows: each instance, and each route that is another."""

from collections.abc import Iterator

from domain.deployments import Deployment, PlacedInstance
from domain.operation_plans import OperationPlan, StepAction
from domain.plans import Route
from interfaces.cli.flavours import in_words
from interfaces.cli.ways import mbps, way

InstanceRow = tuple[str, str, str, str, str]
"""Name, what is done with it, PoP before, PoP after, and what else is to be known."""
RouteRow = tuple[str, str, str, str, str]
"""Graph link, what is done with it, route before, route after, Mbit/s."""

_IN_PLACE = {
    StepAction.CONFIGURE: "re-configure",
    StepAction.RESIZE: "resize",
    StepAction.REHOST: "re-host",
}
"""What may be done to an instance that stays itself; of several, the last one is told."""


def instance_changes(plan: OperationPlan) -> Iterator[InstanceRow]:
    """Every instance and endpoint, those that are kept too; in the order of the new deployment."""
    before, after = _instances(plan.before), _instances(plan.after)
    done = {
        step.instance: _IN_PLACE[step.action]
        for wave in plan.waves
        for step in wave.steps
        if step.action in _IN_PLACE and step.instance
    }
    for name in [*after, *(name for name in before if name not in after)]:
        old, new = before.get(name), after.get(name)
        change = _change(old, new, done.get(name, "keep"))
        first = "the old goes first" if old and old.resource in plan.given_up and new else ""
        what = "; ".join(filter(None, [_difference(old, new), first]))
        yield (name, change, old.pop if old else "-", new.pop if new else "-", what)


def _instances(deployment: Deployment | None) -> dict[str, PlacedInstance]:
    return {each.name: each for each in deployment.instances} if deployment else {}


def _change(old: PlacedInstance | None, new: PlacedInstance | None, in_place: str) -> str:
    if old is None:
        return "build"
    if new is None:
        return "remove"
    if old.pop != new.pop:
        return "move"
    if old.resource != new.resource:
        return "replace"
    return in_place


def _difference(old: PlacedInstance | None, new: PlacedInstance | None) -> str:
    """Image and flavour: of what is new, and of the rest where they differ."""
    if new is None or new.endpoint:
        return ""
    if old is None:
        return f"{new.image}, {in_words(new.resources)}"
    parts = [(old.image, new.image), (in_words(old.resources), in_words(new.resources))]
    return "; ".join(f"{was} -> {will}" for was, will in parts if was != will)


def route_changes(plan: OperationPlan) -> Iterator[RouteRow]:
    """Graph links that go another way, or ask for another bandwidth."""
    before, after = _routes(plan.before), _routes(plan.after)
    for link in [*after, *(link for link in before if link not in after)]:
        old, new = before.get(link), after.get(link)
        if old is None or new is None or _course(old) != _course(new):
            change = "add" if old is None else "remove" if new is None else "change"
            yield (link, change, _way(old), _way(new), _rates(old, new))


def _routes(deployment: Deployment | None) -> dict[str, Route]:
    return {each.link: each for each in deployment.plan.routes} if deployment else {}


def _course(route: Route) -> tuple[object, ...]:
    return route.pops, route.physical_links, _rate(route)


def _way(route: Route | None) -> str:
    return way(route.pops) if route else "-"


def _rate(route: Route | None) -> str:
    return mbps(route.bandwidth_mbps) if route else "-"


def _rates(old: Route | None, new: Route | None) -> str:
    was, will = _rate(old), _rate(new)
    if was == will or old is None:
        return will
    return was if new is None else f"{was} -> {will}"
