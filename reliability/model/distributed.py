"""The distributed design: each microservice hands the entire state to the next, and has a twin."""

from reliability.model.parameters import Parameters


def completion(z: Parameters) -> float:
    """Eq. 6, t_c in s: all tasks, and the messages between them, without a fault."""
    return sum(z.tasks) + sum(z.each(z.l_next))


def lost(z: Parameters) -> float:
    """Eq. 7, t_l in s: at most lost by one microservice's death, which its twin notices and makes good."""
    return max(beat.l_hb + beat.t_h + task for beat, task in zip(z.beating, z.tasks, strict=True))


def reliability_bandwidth(z: Parameters) -> float:
    """Eq. 8, B_rel in kB/s, while one request is under way: heartbeats, the twins' copies, and "finished".

    Both of two twins beat. As printed, one of them is counted.
    """
    return heartbeat_bandwidth(z) + (sum(z.states) + z.n * z.p_c) / completion(z)


def heartbeat_bandwidth(z: Parameters) -> float:
    """The part of Eq. 8 that heartbeats are, in kB/s."""
    return (1 if 8 in z.printed else 2) * z.h_s * sum(each.h_r for each in z.beating)


def operating_bandwidth(z: Parameters) -> float:
    """Eq. 9, B_op in kB/s: the state from each microservice to the next, while a request runs."""
    return sum(z.states) / completion(z)


def processes(z: Parameters) -> int:
    """Q_r: processes beyond the monolith's one."""
    return 2 * z.n - 1
