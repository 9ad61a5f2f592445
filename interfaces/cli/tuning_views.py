"""What the tuner found, for people."""

from pathlib import Path

from interfaces.cli.output import table
from interfaces.cli.tuned_profile import as_word
from reliability.tuner.search import Tuned

_NAMES = {
    "r_r": "the recovery ratio R_r",
    "r_a": "the added time ratio R_a",
    "b_tot": "the bandwidth B_tot",
    "q_r": "the processes Q_r",
}


def show_tuned(found: Tuned, written: Path | None) -> None:
    """Print the knobs, what they come to, and what binds where nothing reaches the target.

    :param written: the profile that has the knobs
    """
    if not found.reached:
        print(f"none of {found.tried} configurations keeps all limits; the nearest is:")
    _knobs(found)
    measures, z = found.best.measures, found.best.z
    print(
        f"\npredicted: R_a {measures.r_a:.4f}, R_r {measures.r_r:.4f} ({measures.t_c:.2f} s, at most "
        f"{measures.t_l:.2f} s more with one fault), B_tot {measures.b_tot:.1f} kB/s, Q_r {measures.q_r}"
    )
    cheapest = f"; the cheapest of {found.tried}, at a cost of {found.best.cost:.4f}" if found.reached else ""
    print(f"model:     s_p = {z.s_p}, h_r = {z.h_r:.3g}/s, t_h = {z.time_out:.3g} s{cheapest}")
    for each in found.binding:
        print(f"binds:     {_NAMES[each.what]}: {each.why}")
    if written:
        print(f"wrote {written}; apply with: interlace up --reliability {as_word(written)}")
    elif found.reached:
        print("apply with: -o FILE, and interlace up --reliability FILE")


def _knobs(found: Tuned) -> None:
    knobs = found.knobs
    rows = [
        ("workers for each queue", f"{knobs.workers_per_queue}"),
        ("heartbeat interval", f"{knobs.heartbeat_interval_s:g} s"),
        ("heartbeat time-out", f"{knobs.heartbeat_timeout_s:g} s"),
        ("sticky time-out", f"{knobs.sticky_timeout_s:g} s"),
        ("steps per checkpoint, s_p", f"{knobs.steps_per_checkpoint} ({knobs.checkpoints} checkpoints)"),
        ("first pause before a retry", f"{knobs.retry_first_pause_s:g} s"),
    ]
    table(["knob", "setting"], rows)
