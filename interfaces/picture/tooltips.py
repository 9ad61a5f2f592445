"""What is told of a PoP, a link or a course when somebody points at it."""

from collections.abc import Iterator

from interfaces.picture import wording
from interfaces.picture.facts import Becoming, CourseFacts, InstanceFacts, LinkFacts, PopFacts


def of_pop(pop: PopFacts, currency: str) -> str:
    """Some lines."""
    return "\n".join(_of_pop(pop, currency))


def _of_pop(pop: PopFacts, currency: str) -> Iterator[str]:
    yield f"{pop.name}: {wording.percent(pop.load)} taken"
    yield wording.of(pop.used, pop.capacity)
    if pop.used_before is not None:
        yield f"before the plan: {wording.of(pop.used_before, pop.capacity)}"
    yield f"{currency} per hour: {wording.prices(pop.prices)}"
    if pop.licences:
        sold = ", ".join(f"{name} {wording.price(price)}" for name, price in pop.licences.items())
        yield f"licences: {sold}"
    if pop.energy.price_kwh:
        yield f"energy: {wording.price(pop.energy.price_kwh)} {currency}/kWh"
    if pop.capabilities:
        yield f"offers {', '.join(pop.capabilities)}"
    for instance in pop.instances:
        yield _instance(instance)
    for service, count in pop.others.items():
        yield f"{service}: {wording.counted(count, 'instance')}"


def _instance(instance: InstanceFacts) -> str:
    change = {Becoming.COMES: " (comes)", Becoming.GOES: " (goes)"}.get(instance.becoming, "")
    return f"{instance.service}/{instance.name}, {instance.kind}{change}"


def of_link(link: LinkFacts, currency: str) -> str:
    """Some lines."""
    lines = [
        f"{link.between[0]} - {link.between[1]} ({link.name}): {wording.percent(link.load)} reserved",
        f"{wording.rate(link.reserved_mbps)} of {wording.rate(link.bandwidth_mbps)} in each direction",
        f"{wording.latency(link.latency_ms)}, {wording.price(link.price_mbps_hour)} {currency}/h per Mbit/s",
    ]
    if link.reserved_before_mbps is not None:
        lines.append(f"before the plan: {wording.rate(link.reserved_before_mbps)}")
    return "\n".join(lines)


def of_course(course: CourseFacts) -> str:
    """One line."""
    what = "chain" if course.directed else "link"
    way = " → ".join(course.passes) if course.directed else " ↔ ".join(course.passes)
    return f"{what} {course.id}: {way}, {timing(course)}"


def timing(course: CourseFacts) -> str:
    """How long its packets take, and may."""
    limit = f" of {wording.latency(course.limit_ms)}" if course.limit_ms is not None else ""
    return f"{wording.latency(course.latency_ms)}{limit}"
