"""Policies and what came of them, printed for people."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.watching import Decision, Pause, PolicyFinding
from interfaces.cli.output import clock, table
from interfaces.cli.policed import Brief, Fired, NextTime, Policed
from interfaces.cli.steps import lasting

NONE = "no service has policies (docs/policies.md)"


def show_all(found: Sequence[Brief]) -> None:
    """A line for each service."""
    if not found:
        print(NONE)
        return
    columns = ["service", "state", "policies", "watched", "paused until", "alarms", "last decision"]
    table(columns, [_brief(each) for each in found])


def _brief(each: Brief) -> tuple[object, ...]:
    watched = "?" if each.watched is None else "yes" if each.watched else "no"
    paused = clock(each.paused_until) if each.paused_until else "-"
    return each.service, each.state, each.policies, watched, paused, each.alarms or "-", _last(each.last)


def _last(decision: Decision | None) -> str:
    return f"{clock(decision.decided_at)} {decision.what}: {decision.outcome}" if decision else "-"


def show(found: Policed) -> None:
    """All of one service."""
    now = datetime.now(UTC)
    print(f"service    {found.service}, {found.state}, tenant {found.tenant}")
    for name, each in found.components.items():
        limits = f" (from {each.limits.min} to {each.limits.max})" if each.limits else ""
        print(f"instances  {name}: {each.instances}{limits}")
    print(f"watched    {_watched(found, now)}")
    print(f"paused     {_paused(found.pause, found.service)}")
    for fired in found.fired:
        print(f"fired      {_fired(fired, now)}")
    for time in found.schedules:
        print(f"next       {_next(time, found.watch.runs is None)}")
    if found.alarms:
        print(f"alarms     {len(found.alarms)}: `interlace alarms {found.service}` tells them")
    _show_rules(found)
    for note in found.watch.notes:
        print(f"told       {note}")
    print()
    show_decisions(found.decisions)


def _watched(found: Policed, now: datetime) -> str:
    watch, every = found.watch, f"each {found.interval_s:g} s"
    if watch.runs is None:
        return f"not known: {watch.said}"
    if not watch.runs:
        return f"NO: {watch.said}"
    said = f"; {watch.said}" if watch.said else ""
    if watch.looked_at is not None:
        return f"{every}, last {_ago(now, watch.looked_at)}{said}"
    acting = next((each for each in found.decisions if each.outcome == "under way"), None)
    if acting is not None:
        return f"{every}; no look now: {acting.what} is under way"
    return f"{every}; nothing was seen yet{said}"


def _ago(now: datetime, then: datetime) -> str:
    return f"{lasting(max(round((now - then).total_seconds()), 0))} ago"


def _paused(pause: Pause | None, service: str) -> str:
    if pause is None:
        return f'no; `interlace policies pause {service} --for "1 h"` does it'
    reason = f", {pause.reason}" if pause.reason else ""
    return f"until {clock(pause.until)}{reason}; `interlace policies resume {service}` ends it"


def _fired(fired: Fired, now: datetime) -> str:
    held = fired.held_until
    until = f", not fewer until {clock(held)}" if held and held > now else ""
    return f"{fired.policy} {clock(fired.at)}: {fired.instances} instances{until}"


def _next(time: NextTime, silent: bool) -> str:
    if time.paused is not None:
        return f"{time.policy} is paused in Temporal: {time.paused}"
    why = "Temporal does not answer" if silent else "Temporal has no such schedule"
    how = f" (by its cron: {why})" if time.by == "cron" else ""
    return f"{time.policy} {clock(time.at) if time.at else 'never'}{how}"


def _show_rules(found: Policed) -> None:
    print()
    columns = ["policy", "component", "kind", "rule"]
    table(columns, [(each.policy, each.component, each.kind, each.rule) for each in found.rules])
    if found.watch.findings:
        print()
        table(["policy", "value", "wants", "because"], [_finding(each) for each in found.watch.findings])


def _finding(each: PolicyFinding) -> tuple[object, ...]:
    value = "-" if each.value is None else f"{each.value:.4g}"
    return each.policy, value, "-" if each.wanted is None else each.wanted, _line(each.reason)


def show_decisions(found: Sequence[Decision]) -> None:
    """The newest first."""
    if not found:
        print("nothing was decided yet")
        return
    columns = ["decided", "policy", "what", "outcome", "because"]
    table(columns, [_decision(each) for each in found])
    for each in found:
        if each.told and each.outcome != "done":
            print(f"{clock(each.decided_at)} {each.what} {each.outcome}: {_line(each.told)}")


def _decision(each: Decision) -> tuple[object, ...]:
    took = f" in {lasting((each.ended_at - each.decided_at).total_seconds())}" if each.ended_at else ""
    return clock(each.decided_at), each.policy, each.what, f"{each.outcome}{took}", _line(each.reason)


def _line(words: str) -> str:
    """A VIM's own may be of several."""
    return " ".join(words.split())
