"""Tables of what was measured at each cloud, beside targets."""

import json
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.tables import ROW, at_most, show
from bench.vim import kubernetes, openstack, races, terraform
from bench.vim.contenders import SLOW_S, Stage
from bench.vim.grounds import lab_of
from bench.vim.races import SIX, Looks, Pair, Run
from lab.port import LabError, LabStatus

KINDS = ("terraform", "kubernetes", "openstack")
_OVERHEAD, _TOGETHER = 1.15, 2.0
_STAGES: dict[str, Callable[[LabStatus, Path], AbstractContextManager[Stage]]] = {
    "terraform": terraform.stage,
    "kubernetes": kubernetes.stage,
    "openstack": openstack.stage,
}


@dataclass(frozen=True)
class Amount:
    """How often each thing is measured."""

    pairs: int
    sixes: int


FULL = Amount(pairs=9, sixes=3)
QUICK = Amount(pairs=5, sixes=1)


def report(amount: Amount, kinds: Sequence[str] = KINDS, lines: Path | None = None) -> None:
    """Print what was measured at the clouds that can be had here.

    :param lines: a file to which each measurement is added as a line of JSON
    """
    for kind in kinds:
        print(f"{kind}: {os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}", flush=True)
        try:
            with lab_of(kind) as lab, TemporaryDirectory(prefix="interlace-bench-") as home:
                show(_measured(kind, lab, Path(home), amount, lines))
        except LabError as error:
            print(f"not measured here: adaptor {kind}: {error}")


def _measured(kind: str, lab: LabStatus, home: Path, amount: Amount, lines: Path | None) -> list[ROW]:
    with _STAGES[kind](lab, home) as stage:
        try:
            return list(_rows(stage, home, amount, lines))
        finally:
            for contender in (stage.adaptor, stage.script):
                contender.delete(range(SIX))


def _rows(stage: Stage, home: Path, amount: Amount, lines: Path | None) -> Iterator[ROW]:
    ones = races.pairs(stage, amount.pairs)
    sixes = races.pairs(stage, amount.sixes, SIX)
    looks = races.looks(stage)
    if lines is not None:
        _note(lines, stage.kind, [*ones, *sixes], looks)
    yield from _one_rows(stage.kind, ones)
    yield from _six_rows(stage.kind, ones, sixes)
    yield from _slow_rows(stage.kind, looks)
    if stage.kind == "openstack":
        tokens = openstack.tokens(home)
        yield "openstack: tokens for 20 calls from 8 threads", str(tokens), *at_most(tokens, 1, "")


def _one_rows(kind: str, pairs: Sequence[Pair]) -> Iterator[ROW]:
    what = "requests" if kind != "terraform" else "runs of terraform"
    ratio = statistics.median(pair.time for pair in pairs)
    times = f"{_of_adaptor(pairs, 'took_s'):.2f} s by {_of_script(pairs, 'took_s'):.2f} s"
    yield (
        f"{kind}: one made and deleted, by the script's, median of {len(pairs)}",
        f"{ratio:.2f} ({times})",
        *at_most(ratio, _OVERHEAD, ""),
    )
    for part, field in (("made", "created_s"), ("deleted", "deleted_s")):
        mine, its = _of_adaptor(pairs, field), _of_script(pairs, field)
        yield f"  of that {part}", f"{mine / its:.2f} ({mine:.2f} s by {its:.2f} s)", "-", "-"
    mine, its = _of_adaptor(pairs, "requests"), _of_script(pairs, "requests")
    ratio = statistics.median(pair.requests for pair in pairs)
    yield f"  its {what}", f"{ratio:.2f} ({mine:.0f} by {its:.0f})", "-", "-"


def _six_rows(kind: str, ones: Sequence[Pair], sixes: Sequence[Pair]) -> Iterator[ROW]:
    one, six = _of_adaptor(ones, "created_s"), _of_adaptor(sixes, "created_s")
    yield (
        f"{kind}: six made at once by one, median of {len(sixes)}",
        f"{six / one:.2f} ({six:.2f} s by {one:.2f} s)",
        *at_most(six / one, _TOGETHER, ""),
    )
    one, six = _of_script(ones, "created_s"), _of_script(sixes, "created_s")
    yield "  the same by the script", f"{six / one:.2f} ({six:.2f} s by {one:.2f} s)", "-", "-"
    for who, of in (("adaptor", _of_adaptor), ("script", _of_script)):
        clouds = f"{of(ones, 'cloud_cpu_s'):.2f}, {of(sixes, 'cloud_cpu_s'):.2f} s"
        own = f"{of(ones, 'own_cpu_s'):.2f}, {of(sixes, 'own_cpu_s'):.2f} s"
        yield f"  CPU for one, six ({who}): the cloud's; ours", f"{clouds}; {own}", "-", "-"


def _slow_rows(kind: str, looks: Looks) -> Iterator[ROW]:
    together = looks.six_s / looks.one_s
    yield (
        f"{kind}: six at once by one where to build an instance takes {SLOW_S:.0f} s",
        f"{together:.2f} ({looks.six_s:.2f} s by {looks.one_s:.2f} s)",
        *at_most(together, _TOGETHER, ""),
    )
    each = looks.count / looks.intervals
    yield (
        f"{kind}: lists an interval while six are waited for",
        f"{each:.2f} ({looks.count} in {looks.seconds:.1f} s)",
        *at_most(each, 1.0, ""),
    )


def _of_adaptor(pairs: Sequence[Pair], field: str) -> float:
    return _median([pair.adaptor for pair in pairs], field)


def _of_script(pairs: Sequence[Pair], field: str) -> float:
    return _median([pair.script for pair in pairs], field)


def _median(runs: Sequence[Run], field: str) -> float:
    return statistics.median(float(getattr(run, field)) for run in runs)


def _note(lines: Path, kind: str, pairs: Sequence[Pair], looks: Looks) -> None:
    found = [{"kind": kind, **asdict(each)} for each in pairs] + [{"kind": kind, **asdict(looks)}]
    with lines.open("a") as file:
        file.writelines(json.dumps(each) + "\n" for each in found)
