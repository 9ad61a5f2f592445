"""Configurations of the recovery model, drawn from the paper's ranges."""

from hypothesis import strategies as st

from reliability.model.parameters import Parameters
from reliability.model.ranges import RANGES


@st.composite
def configurations(draw: st.DrawFn) -> Parameters:
    """Tasks that differ, any sharing of the state, any time-out from one to six heartbeat intervals."""

    def within(name: str) -> float:
        return draw(st.floats(*RANGES[name]))

    n = draw(st.integers(*map(int, RANGES["n"])))
    parts = draw(st.lists(st.floats(1.0, 8.0), min_size=n, max_size=n))
    t_m = within("t_m")
    tasks = tuple(part * t_m / sum(parts) for part in parts)
    h_r = draw(st.floats(0.2, 2.0))
    return Parameters(
        n=n,
        t_m=sum(tasks),
        t_i=tasks,
        l_a=tuple(draw(st.lists(st.floats(0.01, 0.2), min_size=n, max_size=n))),
        l_b=within("l_b"),
        l_next=within("l_next"),
        l_hb=within("l_hb"),
        h_r=h_r,
        t_h=draw(st.floats(1.0, 6.0)) / h_r,
        s_p=draw(st.integers(1, n)),
        s_o=draw(st.none() | st.integers(1, n)),
        shared=draw(st.sampled_from(["answered", "prepared"])),
        again=draw(st.sampled_from([1.0, 1.0, 0.5, 0.0])),
        t_s=draw(st.sampled_from([0.0, 0.05, 2.0])),
        orchestrators=draw(st.integers(2, 4)),
    )
