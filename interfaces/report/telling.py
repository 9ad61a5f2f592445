"""From what was measured, decided and raised to the story of it. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.descriptor import Scaling
from domain.policies import Policies
from interfaces.report.curves import Curves, Wanted
from interfaces.report.levels import Rule, levels_of, limits_of, rules
from interfaces.report.story import Chart, Curve, Level
from monitoring.metrics import CHAIN, Snapshot

_SHOWN = 6
"""Components at most, in a chart; those that have policies come first."""


@dataclass(frozen=True)
class Subject:
    """What of a service matters to its report."""

    service: str
    tenant: str
    components: tuple[str, ...]
    policies: Policies
    limits: Mapping[str, Scaling]


@dataclass(frozen=True)
class _Figure:
    """A chart that every report has, where there are values."""

    title: str
    unit: str
    expression: str
    named: str
    """Of a curve, with the component's name put in."""
    factor: float = 1.0


_INSTANCES = _Figure("Instances", "", "instances", "{}")
_LOAD = _Figure("Load", "requests/s", "sum(requests_per_s)", "{}")
_LATENCY = _Figure("Latency", "ms", "max(latency_p95_ms)", "{} p95")
_CPU = _Figure("Processor", "% of what it may use", "avg(cpu)", "{}", 100.0)
_CHAIN = 'chain("{}").latency_ms'


def charts(subject: Subject, snapshots: Sequence[Snapshot], interval_s: float) -> tuple[Chart, ...]:
    """Load, instances, latency, processor; and one for each policy that goes by something else.

    None at all where nothing was measured.

    :param interval_s: twice as old a value still counts
    """
    if not any(each.samples for each in snapshots):
        return ()
    shown = _shown(subject)
    chains = sorted({name for each in snapshots for name in _chains(each)})
    policies = rules(subject.policies)
    hues = {name: number for number, name in enumerate((*shown, *chains))}
    curves = Curves(snapshots, interval_s, frozenset(subject.components), _wanted(shown, chains, policies))
    telling = _Telling(curves, hues, shown, chains, policies)
    found = [
        telling.chart(_LOAD),
        telling.chart(_INSTANCES, steps=True, levels=limits_of(subject.limits, hues)),
        telling.chart(_LATENCY, more=chains),
        telling.chart(_CPU),
        *telling.own(),
    ]
    return tuple(each for each in found if each is not None)


def gaps(snapshots: Iterable[Snapshot]) -> tuple[tuple[str, int], ...]:
    """What could not be had, the most frequent first."""
    return tuple(Counter(gap for each in snapshots for gap in each.gaps).most_common())


def _shown(subject: Subject) -> tuple[str, ...]:
    policies = subject.policies
    ruled = [each.component for each in (*policies.scaling, *policies.healing, *policies.migration)]
    known = [name for name in dict.fromkeys(ruled) if name in subject.components]
    return tuple(dict.fromkeys((*known, *subject.components)))[:_SHOWN]


def _chains(snapshot: Snapshot) -> Iterator[str]:
    return (each.labels[CHAIN] for each in snapshot.samples if CHAIN in each.labels)


def _wanted(shown: Iterable[str], chains: Iterable[str], policies: Iterable[Rule]) -> set[Wanted]:
    usual = {Wanted(each.expression, name) for each in (_LOAD, _INSTANCES, _LATENCY, _CPU) for name in shown}
    whole = {Wanted(_CHAIN.format(name), "") for name in chains}
    return usual | whole | {each.wanted for each in policies}


@dataclass(frozen=True)
class _Telling:
    """Puts curves and the levels of policies together."""

    curves: Curves
    hues: Mapping[str, int]
    shown: Collection[str]
    chains: Sequence[str]
    policies: Sequence[Rule]

    def chart(
        self,
        figure: _Figure,
        steps: bool = False,
        more: Iterable[str] = (),
        levels: tuple[Level, ...] = (),
    ) -> Chart | None:
        """None where nobody measures it."""
        asked = [(Wanted(figure.expression, name), figure.named.format(name), name) for name in self.shown]
        asked += [(Wanted(_CHAIN.format(name), ""), f"chain {name}", name) for name in more]
        found = [self._curve(*each, figure.factor, steps) for each in asked]
        known = [each for each in found if each.values]
        if not known:
            return None
        ruled = tuple(
            level
            for wanted, _, name in asked
            for rule in self.policies
            if self.curves.same(rule.wanted, wanted)
            for level in levels_of(rule, self.hues.get(name, 0), figure.factor)
        )
        return Chart(title=figure.title, unit=figure.unit, curves=tuple(known), levels=(*levels, *ruled))

    def own(self) -> Iterator[Chart]:
        """Of policies whose value is in no usual chart; there even where there was none: nothing was done."""
        usual = [Wanted(each.expression, name) for each in (_LOAD, _LATENCY, _CPU) for name in self.shown] + [
            Wanted(_CHAIN.format(name), "") for name in self.chains
        ]
        for rule in self.policies:
            if any(self.curves.same(rule.wanted, each) for each in usual) and rule.per_instance is None:
                continue
            hue = self.hues.get(rule.component, 0)
            found = [self._curve(rule.wanted, rule.component, rule.component)]
            if rule.per_instance is not None:
                count = Wanted(_INSTANCES.expression, rule.component)
                carried = self._curve(count, "its instances carry", rule.component, rule.per_instance, True)
                found.append(carried.model_copy(update={"faint": True}))
            yield Chart(
                title=rule.policy,
                unit="",
                expression=rule.wanted.expression,
                curves=tuple(found),
                levels=tuple(levels_of(rule, hue)),
            )

    def _curve(
        self, wanted: Wanted, name: str, owner: str, factor: float = 1.0, steps: bool = False
    ) -> Curve:
        points = self.curves.points(wanted)
        scaled = tuple((at, None if value is None else value * factor) for at, value in points)
        return Curve(name=name, hue=self.hues.get(owner, 0), points=scaled, steps=steps)
