"""A simulation from what a user asks for: whose policies, over which series, in which world."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from catalogue.documents import MAX_BYTES, read_infrastructure
from domain.descriptor import Component, Descriptor
from domain.errors import InputError, UnknownError
from domain.policies import ScalingPolicy, name_of
from domain.pricing import instance_cost
from domain.spelling import hint
from domain.units import DurationS
from interfaces.cli.described import descriptor_of
from interfaces.cli.files import read_file
from monitoring.simulation.courses import Simulation
from monitoring.simulation.queueing import QUEUE
from monitoring.simulation.running import Setting, run
from monitoring.simulation.series import Recorded, read_series
from monitoring.simulation.targets import read_target, targets_of
from monitoring.simulation.worlds import REQUESTS, Load, World

_MOST_LOOKS = 500_000
_DURATION: TypeAdapter[float] = TypeAdapter(DurationS)


@dataclass(frozen=True)
class Asked:
    """The options of the command, as they were given."""

    component: str | None = None
    policies: tuple[str, ...] = ()
    instances: int | None = None
    interval: str | None = None
    """The descriptor's, if None."""
    startup: str = "4 s"
    capacity: float | None = None
    load: str = REQUESTS
    metric: str | None = None
    targets: tuple[str, ...] = ()
    price_per_hour: float | None = None
    infrastructure: Path | None = None


def simulated(what: str, series: Path, asked: Asked) -> Simulation:
    """The policies' course and that of a fixed number.

    :raises InputError: if anything of it is wrong
    """
    descriptor = descriptor_of(what)
    component = _component(descriptor, asked.component)
    policies = _policies(descriptor, component, asked.policies)
    price, currency, priced = _price(descriptor.components[component], asked)
    setting = _setting(descriptor, component, policies, series, asked, price)
    start = _start(component, descriptor.components[component], asked.instances)
    return Simulation(
        service=descriptor.name,
        component=component,
        policies=tuple(map(name_of, policies)),
        interval_s=setting.interval_s,
        startup_s=setting.startup_s,
        world=_in_words(setting.world) + priced,
        targets=setting.targets,
        price_per_hour=price,
        currency=currency,
        courses=(
            run(setting, "with policies", policies, start),
            run(setting, f"fixed at {start}", (), start),
        ),
    )


def _setting(
    descriptor: Descriptor,
    component: str,
    policies: Sequence[ScalingPolicy],
    series: Path,
    asked: Asked,
    price: float | None,
) -> Setting:
    recorded = read_series(_content(series), str(series), asked.metric)
    interval_s = (
        descriptor.policies.interval if asked.interval is None else _seconds("--interval", asked.interval)
    )
    _guard_length(recorded, interval_s)
    return Setting(
        descriptor=descriptor,
        component=component,
        world=_world(descriptor, component, recorded, str(series), asked),
        targets=tuple(read_target(each, descriptor) for each in asked.targets) or targets_of(policies),
        interval_s=interval_s,
        startup_s=_seconds("--startup", asked.startup),
        price_per_hour=price,
    )


def _content(series: Path) -> bytes:
    content = read_file(series)
    if len(content) > MAX_BYTES:
        raise InputError(
            f"{series}: larger than {MAX_BYTES // 2**20} MiB: record fewer columns, or longer steps"
        )
    return content


def _component(descriptor: Descriptor, asked: str | None) -> str:
    having = list(dict.fromkeys(each.component for each in descriptor.policies.scaling))
    if not having:
        raise InputError(f"{descriptor.name} has no scaling policies: there is nothing to simulate")
    if asked is None and len(having) > 1:
        raise InputError(f"say whose policies: --component {' or --component '.join(having)}")
    if asked is not None and asked not in having:
        raise UnknownError(f"no component {asked!r} with scaling policies; {hint(asked, having)}")
    return asked or having[0]


def _policies(descriptor: Descriptor, component: str, asked: Sequence[str]) -> list[ScalingPolicy]:
    own = {name_of(each): each for each in descriptor.policies.scaling if each.component == component}
    for name in asked:
        if name not in own:
            raise UnknownError(f"no scaling policy {name!r} of {component}; {hint(name, own)}")
    return [each for name, each in own.items() if not asked or name in asked]


def _start(component: str, part: Component, asked: int | None) -> int:
    limits = part.scaling
    if asked is not None and limits and not limits.min <= asked <= limits.max:
        raise InputError(f"--instances {asked}: scaling of {component} allows {limits.min} to {limits.max}")
    return asked or part.instances


def _seconds(option: str, text: str) -> float:
    try:
        return _DURATION.validate_python(text)
    except ValidationError as error:
        raise InputError(f"{option}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _guard_length(recorded: Recorded, interval_s: float) -> None:
    span = recorded.times[-1] - recorded.times[0]
    if span / interval_s > _MOST_LOOKS:
        raise InputError(
            f"{span / interval_s:.0f} looks, each {interval_s:g} s over {span / 3600:.0f} h; at most "
            f"{_MOST_LOOKS} are run: say a longer --interval"
        )


def _world(descriptor: Descriptor, component: str, recorded: Recorded, source: str, asked: Asked) -> World:
    known = {each.metric for each in recorded.columns}
    owners = {each.owner for each in recorded.columns} - {"", *descriptor.components, *descriptor.chains}
    for owner in sorted(owners):
        there = [*descriptor.components, *descriptor.chains]
        raise InputError(
            f"{source}: {owner!r} is no component or chain of {descriptor.name}; {hint(owner, there)}"
        )
    if asked.capacity is None:
        return World(recorded, component, None, _others(descriptor, component))
    if not 0 < asked.capacity < 1e12:
        raise InputError(f"--capacity-per-instance {asked.capacity:g}: it must be above 0")
    if asked.load not in known:
        raise InputError(f"{source}: no column {asked.load!r} for the whole load; {hint(asked.load, known)}")
    load = Load(asked.load, asked.capacity)
    return World(recorded, component, load, _others(descriptor, component))


def _others(descriptor: Descriptor, component: str) -> frozenset[str]:
    return frozenset(descriptor.components) - {component}


def _in_words(world: World) -> str:
    if world.load is None:
        return "all figures as they were recorded, whatever the number of instances"
    told = f"{world.load.metric} is the whole load, an instance carries {world.load.capacity:g}"
    if world.load.metric != REQUESTS:
        return f"{told}; cpu is its share"
    return f"{told}; cpu, latency and errors by M/M/c, at most {QUEUE} waiting for an instance"


def _price(part: Component, asked: Asked) -> tuple[float | None, str, str]:
    """Of one instance and hour, the currency, and whose price it is."""
    if asked.price_per_hour is not None and asked.infrastructure:
        raise InputError("--price-per-hour and --infrastructure exclude each other")
    if asked.price_per_hour is not None and not isfinite(asked.price_per_hour):
        raise InputError(f"--price-per-hour {asked.price_per_hour}: a number is wanted")
    if asked.infrastructure is None:
        return asked.price_per_hour, "", ""
    document = read_infrastructure(read_file(asked.infrastructure), str(asked.infrastructure))
    prices: dict[str, float] = {}
    for name, pop in document.pops.items():
        sold = document.licences.keys() | pop.prices.licences.keys()
        if part.licences <= sold and part.requires <= pop.capabilities:
            prices[name] = instance_cost(part.resources, part.licences, pop, document)
    if not prices:
        raise InputError(f"{asked.infrastructure}: no PoP has the capabilities and licences of {part.image}")
    cheapest = min(prices, key=lambda name: (prices[name], name))
    return prices[cheapest], document.currency, f"; priced as at {cheapest}"
