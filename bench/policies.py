"""`python -m bench.policies [--seeds N ...] [--quick]`: kinds of policies on the same traffic, by simulation.

The traffic is that of `lab/traffic.py`, once as it is and once with six bursts a day, by seeds; the
world is that of `interlace simulate-policy`, an instance answering 1000 requests each second. So the same
seeds give the same table everywhere.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from domain.descriptor import Descriptor
from domain.policies import Policies
from lab.traffic import rows
from monitoring.simulation.courses import Account
from monitoring.simulation.running import Setting, run
from monitoring.simulation.series import Column, Recorded
from monitoring.simulation.targets import Target
from monitoring.simulation.worlds import REQUESTS, Load, World

_CAPACITY = 1000.0
_TARGET = Target(expression="latency_p95_ms", sign="<", bound=10)
_TRACES = {"three days": 0, "with bursts": 6}

_THRESHOLD: dict[str, Any] = {"metric": "cpu", "sustained": "30 s"}
_RULES: dict[str, dict[str, Any]] = {
    "threshold 0.8 / 0.3": {**_THRESHOLD, "scale_out_above": 0.8, "scale_in_below": 0.3},
    "threshold 0.7 / 0.4": {**_THRESHOLD, "scale_out_above": 0.7, "scale_in_below": 0.4},
    "threshold 0.7 / 0.5": {**_THRESHOLD, "scale_out_above": 0.7, "scale_in_below": 0.5},
    "target 0.6": {"kind": "target", "metric": "cpu", "target": 0.6},
    "target 0.65": {"kind": "target", "metric": "cpu", "target": 0.65},
    "target 0.6, 20 min": {"kind": "target", "metric": "cpu", "target": 0.6, "cooldown_in": "20 min"},
    "predicted 600, 20 min": {
        "kind": "predicted",
        "metric": f"sum({REQUESTS})",
        "per_instance": 600,
        "horizon": "10 min",
        "cooldown_in": "20 min",
    },
}


@dataclass(frozen=True)
class Outcome:
    """Of a rule on a trace: means over the seeds."""

    violated_minutes: float
    actions: float
    instance_hours: float


def main() -> None:
    """Print a table for each trace."""
    parser = argparse.ArgumentParser(prog="python -m bench.policies", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the traffic (1 2 3)")
    parser.add_argument("--quick", action="store_true", help="one seed, no forecasts")
    given = parser.parse_args()
    seeds: list[int] = given.seeds[:1] if given.quick else given.seeds
    for trace, bursts in _TRACES.items():
        _show(trace, [(name, outcome(name, seeds, bursts)) for name in _names(given.quick)])
    print(f"kept: {_TARGET}; seeds {', '.join(map(str, seeds))}; means of three days each")


def _names(quick: bool) -> list[str]:
    return [name for name, rule in _RULES.items() if not (quick and rule.get("kind") == "predicted")]


def outcome(name: str, seeds: Sequence[int], bursts: int) -> Outcome:
    """What a rule comes to."""
    found = [_account(_RULES[name], seed, bursts) for seed in seeds]
    return Outcome(
        violated_minutes=sum(each.violated_minutes for each in found) / len(found),
        actions=sum(each.actions for each in found) / len(found),
        instance_hours=sum(each.instance_hours for each in found) / len(found),
    )


def _account(rule: dict[str, Any], seed: int, bursts: int) -> Account:
    times, loads = zip(*((moment.timestamp(), load) for moment, load in rows(seed, bursts)), strict=True)
    recorded = Recorded(times=times, columns={Column(REQUESTS): loads})
    policies = Policies.model_validate({"scaling": [{"component": "web", **rule}]})
    setting = Setting(
        descriptor=_descriptor(),
        component="web",
        world=World(recorded, "web", Load(REQUESTS, _CAPACITY), frozenset()),
        targets=(_TARGET,),
        interval_s=15,
        startup_s=4,
        price_per_hour=None,
    )
    return run(setting, "policy", policies.scaling, 2).account


def _descriptor() -> Descriptor:
    web = {
        "kind": "microservice",
        "image": "web:1",
        "resources": {"vcpus": 1, "memory": "1 GiB"},
        "connection_points": ["http"],
        "instances": 2,
        "scaling": {"min": 1, "max": 12},
    }
    return Descriptor.model_validate(
        {
            "api_version": "interlace/v1",
            "kind": "Service",
            "name": "shop",
            "version": "1",
            "components": {"web": web},
        }
    )


def _show(trace: str, rows_: Sequence[tuple[str, Outcome]]) -> None:
    table = Table(trace, "violation-minutes", "actions", "instance-hours", box=box.SIMPLE)
    for name, found in rows_:
        table.add_row(
            name, f"{found.violated_minutes:.1f}", f"{found.actions:.1f}", f"{found.instance_hours:.1f}"
        )
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
