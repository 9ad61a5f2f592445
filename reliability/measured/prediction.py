"""What the model says of an operation that was measured, from nothing of what it is to predict.

A task takes what it takes without a length, by the plain script, and the length that it was given. What the
workflow of tasks without a length takes longer than the script's is t_o and the latencies of Eq. 2 together.
t_h is what passes at most until the workflow goes on after its worker's last heartbeat.
"""

from collections.abc import Mapping
from statistics import median

from domain.models import Model
from domain.names import OperationKind
from reliability.measured.readings import Calibration, Measured, Reading, Setting
from reliability.model.centralised import completion, lost
from reliability.model.measures import added_time_ratio, recovery_ratio
from reliability.model.parameters import Parameters

_PAPERS = {"t_o": 0.15, "l_a": 0.105, "l_b": 0.105, "l_hb": 0.105, "h_r": 2.0, "t_h": 1.5, "s_p": 1}
"""Its best configuration: a checkpoint after each task, two heartbeats a second, three to a time-out."""


class Row(Model):
    """One reading beside what was predicted of it."""

    reading: Reading
    t_h: float
    t_m: float
    """Measured, as t_c and t_r of the reading."""
    r_a: float
    r_a_predicted: float
    r_r: float
    r_r_equation_3: float
    """Predicted, where all since the last checkpoint is done again: the paper's."""
    r_r_predicted: float
    """Predicted, where a task is found that was done: Interlace's."""

    @property
    def errors(self) -> Mapping[str, float]:
        """By how much each prediction is above what was measured, in parts of that."""
        return {
            "r_a": self.r_a_predicted / self.r_a - 1,
            "equation_3": self.r_r_equation_3 / self.r_r - 1,
            "r_r": self.r_r_predicted / self.r_r - 1,
        }


def time_out(setting: Setting, replaced_s: float | None) -> float:
    """t_h in s: heartbeat time-out, sticky time-out and first pause, or a lone worker's new start."""
    noticed = setting.timeout_s + setting.sticky_s + setting.first_pause_s
    return max(noticed, replaced_s or 0.0)


def configuration(calibration: Calibration, task_s: float, setting: Setting, t_h: float) -> Parameters:
    """The model's parameters for one operation with tasks of this length, by Interlace's own `again`."""
    tasks = _tasks(calibration, task_s)
    between = median(calibration.workflow_s) - sum(each.seconds for each in calibration.tasks)
    return Parameters(
        n=len(tasks),
        t_m=sum(tasks),
        t_i=tasks,
        t_o=max(0.0, between / (len(tasks) + 1)),
        l_a=0.0,
        l_b=0.0,
        l_hb=0.0,
        h_r=1 / setting.heartbeat_s,
        t_h=t_h,
        s_p=setting.s_p,
        again=calibration.again,
    )


def papers_best(calibration: Calibration, task_s: float) -> Parameters:
    """The paper's best configuration for the tasks that have a length."""
    tasks = tuple(each.seconds + task_s for each in calibration.tasks if each.long)
    return Parameters.model_validate({"n": len(tasks), "t_m": sum(tasks), "t_i": tasks, **_PAPERS})


def rows(found: Measured) -> list[Row]:
    """All readings, each with its predictions.

    How long a lone worker's new start takes has nothing to do with how it is set up, and varies: it is the
    median of all that were measured.
    """
    calibrations = {each.kind: each for each in found.calibrations}
    pairs = {each.kind: median(each.t_m) for each in found.pairs}
    starts = {each.setting: each.replaced_s for each in found.readings if each.replaced_s is not None}
    start_s = median(starts.values()) if starts else None
    return [_row(each, calibrations[each.kind], found.task_s, pairs, start_s) for each in found.readings]


def _row(
    reading: Reading,
    calibration: Calibration,
    task_s: float,
    t_m: Mapping[OperationKind, float],
    start_s: float | None,
) -> Row:
    t_h = time_out(reading.setting, start_s if reading.setting.workers == 1 else None)
    z = configuration(calibration, task_s, reading.setting, t_h)
    all_again = z.model_copy(update={"again": 1.0})
    t_c = completion(z)
    return Row(
        reading=reading,
        t_h=t_h,
        t_m=t_m[reading.kind],
        r_a=added_time_ratio(median(reading.t_c), t_m[reading.kind]),
        r_a_predicted=added_time_ratio(t_c, predicted_t_m(calibration, task_s)),
        r_r=reading.ratio,
        r_r_equation_3=recovery_ratio(t_c, lost(all_again)),
        r_r_predicted=recovery_ratio(t_c, lost(z)),
    )


def predicted_t_m(calibration: Calibration, task_s: float) -> float:
    """Of the plain script, in s."""
    return median(calibration.script_s) + task_s * sum(each.long for each in calibration.tasks)


def _tasks(calibration: Calibration, task_s: float) -> tuple[float, ...]:
    return tuple(each.seconds + (task_s if each.long else 0.0) for each in calibration.tasks)
