"""What is told of a PoP, a link or a course when somebody points at it: rows of a word and what it says."""

from collections.abc import Iterable, Iterator

from interfaces.picture import wording
from interfaces.picture.facts import Becoming, CourseFacts, InstanceFacts, LinkFacts, PopFacts

Row = tuple[str, str]


def text(title: str, rows: Iterable[Row]) -> str:
    """As lines."""
    return "\n".join([title, *(f"{word}: {said}" for word, said in rows)])


def of_pop(pop: PopFacts, currency: str) -> Iterator[Row]:
    """Load, capacity, prices, and what is here."""
    yield "load", f"{wording.percent(pop.load)} taken"
    yield from _capacity(pop)
    yield f"{currency}/h", _prices(pop)
    if pop.licences:
        yield "licences", ", ".join(f"{name} {wording.price(fee)}" for name, fee in pop.licences.items())
    if pop.energy.price_kwh:
        yield "energy", _energy(pop, currency)
    if pop.capabilities:
        yield "offers", ", ".join(pop.capabilities)
    yield "run by", pop.vim + (f", region {pop.region}" if pop.region else "")
    for instance in pop.instances:
        yield f"{instance.service}/{instance.name}", _instance(instance)
    for service, count in pop.others.items():
        yield service, wording.counted(count, "instance")


def _capacity(pop: PopFacts) -> Iterator[Row]:
    used, offer, before = pop.used, pop.capacity, pop.used_before or pop.used
    yield "vCPU", wording.left(before.vcpus, used.vcpus, offer.vcpus, wording.number)
    yield "GiB memory", wording.left(before.memory, used.memory, offer.memory, wording.gib)
    if offer.disk:
        yield "GiB disk", wording.left(before.disk, used.disk, offer.disk, wording.number)


def _prices(pop: PopFacts) -> str:
    offer = pop.prices
    said = f"{wording.price(offer.vcpu_hour)} a vCPU, {wording.price(offer.memory_gib_hour)} a GiB of memory"
    disk = f", {wording.price(offer.disk_gib_hour)} a GiB of disk" if offer.disk_gib_hour else ""
    return said + disk


def _energy(pop: PopFacts, currency: str) -> str:
    energy = pop.energy
    draws = f"{energy.watts_per_vcpu:g} W a vCPU, {energy.watts_per_instance:g} W an instance"
    return f"{wording.price(energy.price_kwh)} {currency}/kWh, {draws}"


def _instance(instance: InstanceFacts) -> str:
    change = {Becoming.COMES: ", comes", Becoming.GOES: ", goes"}.get(instance.becoming, "")
    if instance.kind == "endpoint":
        return f"endpoint{change}"
    size = f"{instance.resources.vcpus} vCPU, {wording.gib(instance.resources.memory)} GiB"
    return f"{instance.kind}, {size}{change}"


def of_link(link: LinkFacts, currency: str, courses: Iterable[CourseFacts] = ()) -> Iterator[Row]:
    """Load, latency, price, and what passes."""
    before = link.reserved_mbps if link.reserved_before_mbps is None else link.reserved_before_mbps
    yield "load", f"{wording.percent(link.load)} reserved"
    yield "each way", wording.taken(before, link.reserved_mbps, link.bandwidth_mbps, wording.rate)
    yield "latency", f"{wording.latency(link.latency_ms)} one way"
    yield "price", f"{wording.price(link.price_mbps_hour)} {currency}/h a Mbit/s"
    for course in courses:
        for step in course.steps:
            if step.link == link.name:
                yield course.id, _passing(course, step.source, step.target, step.becoming)


def _passing(course: CourseFacts, source: str, target: str, becoming: Becoming) -> str:
    change = "" if becoming is Becoming.STAYS else f", {becoming}"
    return f"{source} {'→' if course.directed else '↔'} {target}{change}"


def of_course(course: CourseFacts) -> Iterator[Row]:
    """Its way and its latency."""
    yield ("chain" if course.directed else "link"), way(course)
    yield "latency", timing(course)


def way(course: CourseFacts) -> str:
    """What its packets pass."""
    ways = f" ({wording.counted(course.ways, 'way')})" if course.ways > 1 else ""
    return (" → " if course.directed else " ↔ ").join(course.passes) + ways


def timing(course: CourseFacts) -> str:
    """How long its packets take, and may."""
    limit = f" of {wording.latency(course.limit_ms)}" if course.limit_ms is not None else ""
    return f"{wording.latency(course.latency_ms)}{limit}"
