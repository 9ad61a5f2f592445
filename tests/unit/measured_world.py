"""Readings that were never taken, for tests of what is made of them."""

from domain.names import OperationKind
from reliability.measured.readings import (
    Calibration,
    Checkpoints,
    Event,
    Measured,
    Pair,
    Reading,
    ServerCrash,
    Setting,
    Task,
)

TASK_S = 1.3
BESIDE_S = 0.02
"""What a step takes beside its length."""


def calibration(kind: OperationKind = OperationKind.INSTANTIATE, again: float = 0.0) -> Calibration:
    """Lease, plan, eight steps, commit; without length 0.26 s by the script, 0.41 s by the workflow."""
    small = [Task(name=name, seconds=0.04, long=False) for name in ("operation.start", "plan.make")]
    steps = [Task(name="instance.create", seconds=BESIDE_S, long=True) for _ in range(8)]
    last = Task(name="service.commit", seconds=0.02, long=False)
    return Calibration(
        kind=kind,
        again=again,
        script_s=(0.25, 0.26, 0.3),
        workflow_s=(0.41, 0.38, 0.5),
        tasks=(*small, *steps, last),
    )


def setting(
    workers: int = 2, s_p: int = 1, heartbeat_s: float = 0.3, timeout_s: float = 1.3, sticky_s: float = 0.6
) -> Setting:
    return Setting(
        workers=workers,
        s_p=s_p,
        heartbeat_s=heartbeat_s,
        timeout_s=timeout_s,
        sticky_s=sticky_s,
        first_pause_s=0.1,
    )


def reading(
    of: Setting | None = None,
    kind: OperationKind = OperationKind.INSTANTIATE,
    t_r: tuple[float, ...] = (13.0, 13.9, 13.5),
    replaced_s: float | None = None,
) -> Reading:
    return Reading(
        kind=kind,
        setting=of or setting(),
        t_c=(10.8,),
        t_r=t_r,
        replaced_s=replaced_s,
        heartbeats=36,
        history_bytes=20_000,
        heartbeat_bytes=500,
    )


def measured(*readings: Reading, t_c: float = 10.8) -> Measured:
    kinds = dict.fromkeys(each.kind for each in readings)
    return Measured(
        scale=0.16,
        task_s=TASK_S,
        calibrations=tuple(calibration(kind) for kind in kinds),
        pairs=tuple(Pair(kind=kind, t_m=(10.6, 10.7, 10.9), t_c=(t_c,)) for kind in kinds),
        readings=readings,
        crashes=(ServerCrash(kind=OperationKind.INSTANTIATE, t_c=10.8, t_r=12.0),),
        checkpoints=(
            Checkpoints(
                kind=OperationKind.INSTANTIATE,
                s_p=1,
                bytes=20_000,
                events=(Event(name="activity task scheduled", count=13, bytes=9000),),
                longest="activity task completed",
                longest_bytes=3500,
            ),
        ),
        load=(0.5, 1.25),
        processors=2,
    )
