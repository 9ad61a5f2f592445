"""What the paper says beside its figures, held against the simulation."""

from collections.abc import Iterator

from reliability.figures.claims import Claim, Ground, Verdict, holds
from reliability.figures.curves import but
from reliability.model import centralised
from reliability.model.measures import measures
from reliability.model.parameters import TIME_OUT_BEATS, Parameters
from reliability.model.ranges import RANGES
from reliability.simulation.centralised import simulate
from reliability.simulation.effort import refuse_endless
from reliability.simulation.runs import Fault, requests
from reliability.simulation.worst import worst

_AS_GOOD_AS = 1e-6


def on_text(ground: Ground) -> Iterator[Claim]:
    """All of them."""
    yield _sharing(ground.z)
    yield _third(ground.z)
    yield _others(ground.z)
    yield _three_beats(ground.z)


def _sharing(z: Parameters) -> Claim:
    shared = measures(z, "centralised").r_r
    anew = measures(but(z, s_p=z.n, s_o=z.n), "centralised").r_r
    return Claim(
        where="Section IV",
        says="a shared state recovers faster than beginning the workflow anew",
        ours=f"R_r = {shared:.3f} with s_p = {z.s_p}, {anew:.3f} where nothing is shared before the end",
        verdict=holds(shared < anew),
    )


def _third(z: Parameters) -> Claim:
    found = worst(z, "centralised", chances=0)
    simulated = found.t_r - found.t_c
    printed, corrected = (
        centralised.lost(z.model_copy(update={"printed": frozenset(taken)})) for taken in ((3,), ())
    )
    return Claim(
        where="Eq. 3",
        says="the worst case loses the tasks k = j - s_p - 1 to j, which are s_p + 2",
        ours=f"simulated {simulated:.2f} s, printed {printed:.2f} s, with s_p tasks {corrected:.2f} s",
        verdict=holds(abs(printed - simulated) < _AS_GOOD_AS),
    )


def _others(z: Parameters) -> Claim:
    """Each microservice dies right before it answers, having just sent a heartbeat."""
    twins = but(z, replicas=max(2, z.replicas))
    refuse_endless(twins, "centralised", runs=twins.n + 1)
    [request] = asked = requests(1, seed=0)
    t_c = simulate(twins, asked).finished[request.uuid]
    lost = max(
        simulate(twins, asked, [Fault(at, task)]).finished[request.uuid] - t_c
        for task, at in enumerate(_answers(twins))
    )
    limit = centralised.lost(twins)
    return Claim(
        where="Section V-A",
        says="a microservice's death costs no more than an orchestrator's, with the same h_r and t_h",
        ours=f"at most {lost:.2f} s, {limit:.2f} s for an orchestrator",
        verdict=Verdict.ONLY_IF if lost <= limit + _AS_GOOD_AS else Verdict.FAILS,
        condition="each has an instance more (replicas >= 2), which Q_r = n + 2 - 1 does not count",
    )


def _answers(z: Parameters) -> Iterator[float]:
    """When each task is done, in s."""
    at = 0.0
    before = centralised.rounds(z)
    for task, whole in enumerate(before):
        yield at + whole - z.each(z.l_b)[task] + _held_up(z, task)
        at += whole


def _held_up(z: Parameters, task: int) -> float:
    """By the sharings before a task."""
    since = task - z.first_shared
    return z.t_s * (1 + since // z.s_p) if since >= 0 else 0.0


def _three_beats(z: Parameters) -> Claim:
    fastest, slowest = RANGES["l_hb"]
    most = (TIME_OUT_BEATS - 1) / (slowest - fastest)
    return Claim(
        where="Section VI-A",
        says="a time-out of three heartbeat intervals takes nobody for dead because of latency",
        ours=f"at h_r = {z.h_r:g}, t_h leaves {z.time_out - z.h_i:.2f} s; latency varies by "
        f"{slowest - fastest:.2f} s at most",
        verdict=Verdict.ONLY_IF,
        condition=f"h_r is at most {most:.3g} (2 h_i is more than latency varies), and no heartbeat is lost",
    )
