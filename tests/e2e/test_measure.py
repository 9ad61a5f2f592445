"""A measurement of the running system, as small as can be: what is asserted cannot depend on the machine."""

import tempfile
from pathlib import Path

import psutil
import pytest

from domain.names import OperationKind
from interfaces.cli.measured_views import Report
from interfaces.cli.measuring import campaign
from interfaces.cli.measuring_grid import Wanted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

TINY = Wanted(
    kinds=[OperationKind.INSTANTIATE],
    workers=[2],
    periods=[2],
    beats=[(0.2, 1.0, 0.4)],
    scale=0.03,
    repeat=1,
    moments=1,
    lanes=1,
)


def labs() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("interlace-measure-*"))


async def test_an_operation_is_timed_with_and_without_a_death(tmp_path: Path) -> None:
    said: list[str] = []
    before = labs()
    async with campaign(TINY, said.append) as made:
        [mine] = labs() - before
        found = await made.run()
        ground = made.grounds[0]
        workers, server = ground.pids, ground.serving()
        assert len(workers) == 2 and server
        assert made.found.failures == []
    assert not mine.exists()
    assert not any(psutil.pid_exists(pid) for pid in workers)
    report = Report(found, [])
    [row] = report.rows
    [crash] = found.crashes
    assert row.reading.t_c[0] >= 8 * found.task_s
    assert crash.t_r >= 8 * found.task_s
    assert row.reading.heartbeats > 0
    assert row.reading.heartbeat_bytes > 100
    [held] = found.checkpoints
    assert sum(each.bytes for each in held.events) <= held.bytes * 1.5
    fused = next(each for each in held.events if each.name == "activity task completed")
    assert fused.count < 12  # two steps to a checkpoint
    assert len(found.calibrations[0].tasks) == 12
    assert report.write(tmp_path, "{}")
    assert any("t_r" in each for each in said)
