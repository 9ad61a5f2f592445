"""The centralised design: one orchestrator of several leads each request, and shares its state."""

from collections.abc import Iterator
from itertools import accumulate

from reliability.model.parameters import Parameters


def completion(z: Parameters) -> float:
    """Eq. 2, t_c in s: all tasks, the orchestrator between them, and the messages, without a fault."""
    under_way = sum(z.each(z.l_a)) + sum(z.each(z.l_b))
    return sum(z.tasks) + (z.n + 1) * z.t_o + under_way + z.t_s * sharings(z)


def lost(z: Parameters) -> float:
    """Eq. 3, t_l in s: at most lost by one orchestrator's death, from its last heartbeat to where it was.

    The sum runs over the s_p tasks since the last sharing. As printed (from k = j - s_p - 1) it has s_p + 2
    terms, some of tasks before the first, which count nothing here, and all tasks are done again.
    """
    return z.l_hb + z.time_out + (_work_as_printed(z) if 3 in z.printed else _work(z))


def rounds(z: Parameters) -> tuple[float, ...]:
    """Seconds of each task with the orchestrator's part and the messages of it."""
    parts = zip(z.tasks, z.each(z.l_a), z.each(z.l_b), strict=True)
    return tuple(task + there + back + z.t_o for task, there, back in parts)


def _work(z: Parameters) -> float:
    """Seconds of the most work that has to be done to be where the dead one was: s_p tasks in a row, or s_o.

    The last of them, which was not answered, takes all of its time; those before it `again` of theirs.
    """
    whole = (0.0, *accumulate(rounds(z)))
    once_more = (0.0, *accumulate(_rounds_again(z)))

    first, period = z.first_shared, z.s_p
    # Shared after t_o, the first sharing comes after one t_o more than there are tasks before it.
    late = z.t_o if z.shared == "prepared" else 0.0

    def work(j: int) -> float:
        last = whole[j] - whole[j - 1]
        if j <= first:
            return once_more[j - 1] + last + late
        return once_more[j - 1] - once_more[max(0, j - period)] + last

    return max(map(work, range(1, z.n + 1))) + z.t_s


def _rounds_again(z: Parameters) -> Iterator[float]:
    """As `rounds`, of tasks that were answered before."""
    for task, whole in zip(z.tasks, rounds(z), strict=True):
        yield whole - (1 - z.again) * task


def _work_as_printed(z: Parameters) -> float:
    total = (0.0, *accumulate(rounds(z)))
    return max(total[j] - total[max(0, j - z.s_p - 2)] for j in range(z.s_p, z.n + 1))


def sharings(z: Parameters) -> int:
    """How often the state of one request is shared: the bracket of Eq. 4."""
    return 1 + (z.n - z.first_shared) // z.s_p


def reliability_bandwidth(z: Parameters) -> float:
    """Eq. 4, B_rel in kB/s, while one request is under way.

    Each orchestrator sends its heartbeats and its state to each other. As printed, one heartbeat stream and
    one receiver are counted, whatever their number.
    """
    receivers = 1 if 4 in z.printed else z.orchestrators - 1
    return heartbeat_bandwidth(z) + receivers * z.s_z * sharings(z) / completion(z)


def heartbeat_bandwidth(z: Parameters) -> float:
    """The part of Eq. 4 that heartbeats are, in kB/s."""
    streams = 1 if 4 in z.printed else z.orchestrators * (z.orchestrators - 1)
    return microservice_beats(z) + streams * z.h_s * z.h_r


def microservice_beats(z: Parameters) -> float:
    """h_m of Eq. 4 in kB/s: given, or of each instance to each orchestrator, where there are replicas."""
    if z.h_m is not None:
        return z.h_m
    return z.n * z.replicas * z.orchestrators * z.h_s * z.h_r if z.replicas > 1 else 0.0


def operating_bandwidth(z: Parameters) -> float:
    """Eq. 5, B_op in kB/s: what orchestrator and microservices say to each other, while a request runs."""
    return (sum(z.each(z.p_a)) + sum(z.each(z.p_b))) / completion(z)


def processes(z: Parameters) -> int:
    """Q_r: processes beyond the monolith's one; n + 2 - 1 as the paper has it."""
    return z.n * z.replicas + z.orchestrators - 1
