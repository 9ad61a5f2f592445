"""The measurement for people and for programs: tables, a figure, numbers."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from domain.errors import UnknownError
from interfaces.cli.files import write_file
from interfaces.cli.output import table
from interfaces.picture.charts import drawing
from reliability.measured.figure import figure
from reliability.measured.prediction import Row, papers_best, rows
from reliability.measured.readings import Measured
from reliability.measured.targets import Target, targets
from reliability.model.measures import measures

_COLUMNS = (
    *("operation", "workers", "s_p", "h_i", "time-outs", "t_h", "t_m", "t_c", "t_r"),
    *("R_a", "predicted", "error", "R_r", "Eq. 3", "predicted", "error", "B kB/s", "beats", "history B"),
)


class Report:
    """What was measured, compared."""

    def __init__(self, found: Measured, failures: Sequence[str]) -> None:
        self.found = found
        self.failures = tuple(failures)
        self.rows = rows(found)
        self.targets: list[Target] = targets(found, self.rows) if self.rows else []

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "measured": self.found.model_dump(mode="json"),
            "rows": [{**each.model_dump(mode="json"), "errors": dict(each.errors)} for each in self.rows],
            "targets": [{**each.model_dump(mode="json"), "verdict": each.verdict} for each in self.targets],
            "not_measured": list(self.failures),
        }

    def write(self, directory: Path, text: str) -> list[Path]:
        """measured.svg, measured.csv and measured.json; what is there is written over.

        :param text: the JSON
        :raises UnknownError: if that cannot be written
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnknownError(f"cannot make the directory {directory}: {error.strerror}") from error
        files = {"measured.json": text, "measured.csv": _csv(self.rows)}
        if self.rows:
            files["measured.svg"] = drawing(figure(self.rows, self.found.scale))
        for name, content in files.items():
            write_file(directory / name, content)
        return [directory / name for name in sorted(files)]

    def show(self) -> None:
        """Print it."""
        found = self.found
        print(
            f"the paper's times by {found.scale:.3g}: tasks of {found.task_s:g} s; {found.processors} "
            f"processors, for which {min(found.load):g} to {max(found.load):g} processes waited or ran\n"
        )
        table(_COLUMNS, [tuple(_cells(each)) for each in self.rows])
        self._show_beside()
        for target in self.targets:
            print(f"{target.verdict:>10}  {target.what}: {target.ours}")
        for failure in self.failures:
            print(f"not measured: {failure}")

    def _show_beside(self) -> None:
        found = self.found
        print("\nthe same tasks in the paper's best configuration (s_p 1, h_r 2, t_h 1.5 s), by its model")
        best = [
            (each.kind, measures(papers_best(each, found.task_s), "centralised"))
            for each in found.calibrations
        ]
        table(
            ("operation", "t_c", "t_l", "R_a", "R_r"),
            [(kind, f"{m.t_c:.2f}", f"{m.t_l:.2f}", f"{m.r_a:.4f}", f"{m.r_r:.4f}") for kind, m in best],
        )
        if found.crashes:
            print("\nthe Temporal server killed at the same moment, and started again")
            table(
                ("operation", "t_c", "t_r", "R_r"),
                [
                    (each.kind, f"{each.t_c:.2f}", f"{each.t_r:.2f}", f"{each.t_r / each.t_c:.4f}")
                    for each in found.crashes
                ],
            )
        print("\nhistories without a fault, bytes by kind of event")
        for each in found.checkpoints:
            largest = sorted(each.events, key=lambda event: -event.bytes)[:4]
            parts = ", ".join(f"{event.name} {event.bytes} ({event.count})" for event in largest)
            print(
                f"{each.kind}, s_p {each.s_p}: {each.bytes}; {parts}; the largest is one "
                f"{each.longest} of {each.longest_bytes}"
            )
        print()


def _cells(row: Row) -> Iterator[str]:
    reading, setting = row.reading, row.reading.setting
    yield from (reading.kind, str(setting.workers), str(setting.s_p), f"{setting.heartbeat_s:g}")
    yield f"{setting.timeout_s:g}+{setting.sticky_s:g}"
    yield from (f"{row.t_h:.2f}", f"{row.t_m:.2f}", f"{median(reading.t_c):.2f}", f"{max(reading.t_r):.2f}")
    yield from (f"{row.r_a:.4f}", f"{row.r_a_predicted:.4f}", f"{row.errors['r_a']:+.1%}")
    yield from (f"{row.r_r:.3f}", f"{row.r_r_equation_3:.3f}", f"{row.r_r_predicted:.3f}")
    yield from (f"{row.errors['r_r']:+.1%}", f"{reading.bandwidth:.2f}", str(reading.heartbeats))
    yield str(reading.history_bytes)


def _csv(found: Sequence[Row]) -> str:
    text = io.StringIO()
    written = csv.writer(text, lineterminator="\n")
    written.writerow(
        [
            *("operation", "workers", "s_p", "heartbeat_s", "timeout_s", "sticky_s", "t_h", "t_m", "t_c"),
            *("t_r", "r_a", "r_a_predicted", "r_r", "r_r_equation_3", "r_r_predicted", "kb_per_s"),
            *("heartbeats", "history_bytes"),
        ]
    )
    for row in found:
        reading, setting = row.reading, row.reading.setting
        times = (row.t_h, row.t_m, median(reading.t_c), max(reading.t_r))
        ratios = (row.r_a, row.r_a_predicted, row.r_r, row.r_r_equation_3, row.r_r_predicted)
        figures = (*times, *ratios, reading.bandwidth)
        given = (reading.kind, setting.workers, setting.s_p, setting.heartbeat_s, setting.timeout_s)
        written.writerow(
            [
                *given,
                setting.sticky_s,
                *(f"{each:.4f}" for each in figures),
                reading.heartbeats,
                reading.history_bytes,
            ]
        )
    return text.getvalue()
