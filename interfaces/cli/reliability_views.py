"""The recovery model for people."""

import shutil
import textwrap
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from domain.models import Model
from interfaces.cli.output import table
from reliability.figures.claims import Claim, Verdict
from reliability.model.measures import DESIGNS, Design, Measures, measures
from reliability.model.parameters import Parameters
from reliability.model.ranges import outside
from reliability.simulation.worst import worst


class Predicted(Model):
    """One configuration in both designs."""

    parameters: Parameters
    measures: dict[Design, Measures]
    simulated_t_l: dict[Design, float] | None
    """Seconds lost at most by one fault, as far as the simulation found; none where it was not asked."""
    outside_ranges: tuple[str, ...]


def predicted(z: Parameters, seed: int | None) -> Predicted:
    """By the closed forms, and by the simulation where it has a seed."""
    found = {design: worst(z, design, seed) for design in DESIGNS} if seed is not None else None
    return Predicted(
        parameters=z,
        measures={design: measures(z, design) for design in DESIGNS},
        simulated_t_l={name: each.t_r - each.t_c for name, each in found.items()} if found else None,
        outside_ranges=tuple(outside(z)),
    )


def show_prediction(found: Predicted) -> None:
    """Print it."""
    both = [found.measures[design] for design in DESIGNS]
    rows = [
        ("R_a, added time ratio", *(f"{each.r_a:.4f}" for each in both)),
        ("R_r, recovery ratio", *(f"{each.r_r:.4f}" for each in both)),
        ("B_tot, kB/s", *(f"{each.b_tot:.1f}" for each in both)),
        ("Q_r, processes more", *(f"{each.q_r}" for each in both)),
        ("t_c, s without a fault", *(f"{each.t_c:.2f}" for each in both)),
        ("t_l, s lost at most", *(f"{each.t_l:.2f}" for each in both)),
    ]
    if found.simulated_t_l:
        rows.append(("  in the simulation", *(f"{found.simulated_t_l[design]:.2f}" for design in DESIGNS)))
    table(["", *DESIGNS], rows)
    for note in found.outside_ranges:
        print(f"beyond the paper: {note}")


def show_claims(claims: Sequence[Claim], written: Sequence[Path]) -> None:
    """Print each with its number and what becomes of it."""
    width = max(60, min(shutil.get_terminal_size((100, 24)).columns, 110))
    for claim in claims:
        _say(f"{claim.where}: {claim.says}", width, "")
        _say(f"ours: {claim.ours}", width, "    ")
        _say(f"{claim.judged}", width, "  > ")
    counted = Counter(each.verdict for each in claims)
    print(
        f"\n{len(claims)} claims: {counted[Verdict.HOLDS]} hold, {counted[Verdict.FAILS]} fail, "
        f"{counted[Verdict.ONLY_IF]} hold only if something is so"
    )
    for path in written:
        print(f"wrote {path}")


def _say(text: str, width: int, indent: str) -> None:
    print(textwrap.fill(text, width, initial_indent=indent, subsequent_indent=" " * max(4, len(indent))))
