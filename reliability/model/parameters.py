"""What a configuration of the recovery model is made of, and which ones cannot be."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from domain.errors import DocumentError, Issue
from domain.models import Model

Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
PerTask = NotNegative | tuple[NotNegative, ...]
"""One value for all tasks, or one for each."""
Printed = Literal[3, 4, 8]
"""Equations that are corrected here, and may be taken as printed."""

TIME_OUT_BEATS = 3
"""Least heartbeat intervals in a time-out that the paper advises, and the default."""


class Beat(Model):
    """How one microservice of the distributed design beats."""

    h_r: Positive
    """Heartbeats per second."""
    t_h: Positive
    """After so many seconds without one it counts as dead."""
    l_hb: NotNegative
    """Seconds that a heartbeat is under way."""


class Parameters(Model):
    """One configuration z. The defaults are the middles of the paper's ranges (ranges.py)."""

    n: int = Field(default=10, ge=1, le=1000)
    """Tasks of a workflow, each done by a microservice of its own."""
    t_m: Positive = 65.0
    """Seconds of the whole workflow in a monolith: the sum of all tasks."""
    t_i: tuple[Positive, ...] | None = None
    """Seconds of each task. None: `t_m` is split by `longest`."""
    longest: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of `t_m` that the longest task takes, the others alike. None: all alike."""
    t_o: NotNegative = 0.15
    """Seconds that the orchestrator takes before each task, and after the last."""
    l_a: PerTask = 0.105
    """Seconds that a message is under way from the orchestrator to a microservice."""
    l_b: PerTask = 0.105
    """Seconds back."""
    l_next: PerTask = 0.105
    """Seconds from the microservice before (from the source, for the first) in the distributed design."""
    l_hb: NotNegative = 0.105
    """Seconds that a heartbeat, and a shared state, is under way between two orchestrators."""
    h_r: Positive = 2.0
    """Heartbeats per second that each sends to each other."""
    t_h: Positive | None = None
    """After so many seconds without one the other counts as dead. None: three heartbeat intervals."""
    beats: tuple[Beat, ...] | None = None
    """Of each microservice of the distributed design. None: all by `h_r`, `t_h` and `l_hb`."""
    s_p: int = Field(default=1, ge=1)
    """Tasks from one sharing of the state to the next: the checkpoint period."""
    s_o: int | None = Field(default=None, ge=1)
    """After how many tasks the first sharing is. None: `s_p`."""
    shared: Literal["answered", "prepared"] = "answered"
    """When: as soon as a task's answer is there, or once the orchestrator has worked it in (after `t_o`)."""
    again: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of its time that a task takes which is asked for again after it was answered: 1, it is done
    again; about 0, what it made is found. The paper has no such term: it is 1 there."""
    t_s: NotNegative = 0.0
    """Seconds for which a sharing holds the workflow up. The paper has no such term."""
    s_z: NotNegative = 300.0
    """kB of the shared state."""
    p_a: PerTask = 155.0
    """kB from the orchestrator to a microservice."""
    p_b: PerTask = 155.0
    """kB back."""
    p_next: PerTask | None = None
    """kB from the microservice before, in the distributed design. None: `s_z`, the entire state each time."""
    p_c: NotNegative = 0.1
    """kB by which a microservice tells its twin that it has finished: an identifier, like a heartbeat."""
    h_s: NotNegative = 0.1
    """kB of a heartbeat."""
    h_m: NotNegative | None = None
    """kB/s of heartbeats of the centralised design's microservices. None: where they have `replicas`, each of
    these beats to each orchestrator at `h_r`; one alone does not, for nobody could take its place."""
    orchestrators: int = Field(default=2, ge=2, le=100)
    """Of the centralised design."""
    replicas: int = Field(default=1, ge=1, le=100)
    """Instances of each microservice of the centralised design."""
    printed: frozenset[Printed] = frozenset()
    """Equations to be taken as printed."""

    @property
    def h_i(self) -> float:
        """Seconds between two heartbeats."""
        return 1 / self.h_r

    @property
    def time_out(self) -> float:
        """`t_h`, or what stands for it, in seconds."""
        return TIME_OUT_BEATS / self.h_r if self.t_h is None else self.t_h

    @property
    def first_shared(self) -> int:
        """`s_o`, or what stands for it."""
        return self.s_p if self.s_o is None else self.s_o

    @property
    def tasks(self) -> tuple[float, ...]:
        """Seconds of each task."""
        if self.t_i is not None:
            return self.t_i
        if self.longest is None or self.n == 1:
            return (self.t_m / self.n,) * self.n
        others = self.t_m * (1 - self.longest) / (self.n - 1)
        middle = self.n // 2
        return (*(others,) * middle, self.t_m * self.longest, *(others,) * (self.n - middle - 1))

    def each(self, value: PerTask) -> tuple[float, ...]:
        """A value for each task."""
        return value if isinstance(value, tuple) else (value,) * self.n

    @property
    def states(self) -> tuple[float, ...]:
        """kB that reach each microservice of the distributed design."""
        return self.each(self.s_z if self.p_next is None else self.p_next)

    @property
    def beating(self) -> tuple[Beat, ...]:
        """Of each microservice of the distributed design."""
        return self.beats or (Beat(h_r=self.h_r, t_h=self.time_out, l_hb=self.l_hb),) * self.n

    @model_validator(mode="after")
    def _possible(self) -> "Parameters":
        wrong = [*_wrong_periods(self), *_wrong_beats(self), *_wrong_tasks(self)]
        if wrong:
            raise ValueError("\n".join(f"{field}: {reason}" for field, reason in wrong))
        return self


def _wrong_periods(given: Parameters) -> Iterator[tuple[str, str]]:
    if given.s_p > given.n:
        yield "s_p", f"{given.s_p} of {given.n} tasks: the state would never be shared; at most n = {given.n}"
    elif given.first_shared > given.n:
        yield "s_o", f"after {given.s_o} of {given.n} tasks nothing is left to share; at most n = {given.n}"


def _wrong_beats(given: Parameters) -> Iterator[tuple[str, str]]:
    for field, t_h, h_r in (
        ("t_h", given.time_out, given.h_r),
        *((f"beats.{number}.t_h", each.t_h, each.h_r) for number, each in enumerate(given.beats or ())),
    ):
        if t_h * h_r < 1 - 1e-9:
            yield (
                field,
                f"{t_h:g} s are over before the next heartbeat comes ({1 / h_r:g} s at h_r = {h_r:g}), so "
                f"who lives would count as dead; at least that, better {TIME_OUT_BEATS / h_r:g} s",
            )


def _wrong_tasks(given: Parameters) -> Iterator[tuple[str, str]]:
    for field in ("t_i", "l_a", "l_b", "l_next", "p_a", "p_b", "p_next", "beats"):
        value = getattr(given, field)
        if isinstance(value, tuple) and len(value) != given.n:
            yield field, f"{len(value)} values for n = {given.n} tasks; one for each"
    total = sum(given.t_i or ())
    if given.t_i and abs(total - given.t_m) > 1e-6 * given.t_m:
        yield "t_i", f"they add up to {total:g} s, and t_m is {given.t_m:g} s: it is their sum"
    if given.t_i and given.longest is not None:
        yield "longest", "t_i says already how long each task is; one of the two"
    if given.longest is not None and not _can_be_longest(given.longest, given.n):
        yield "longest", f"the longest of {given.n} tasks takes at least 1/{given.n} of t_m, a single one all"


def _can_be_longest(share: float, n: int) -> bool:
    return share == 1 if n == 1 else 1 / n <= share < 1


def parameters(given: Mapping[str, Any], source: str = "parameters") -> Parameters:
    """Read a configuration.

    :param given: by field name; what is left out has its default
    :raises DocumentError: if it cannot be, with every field that is wrong, why, and what would be right
    """
    try:
        return Parameters.model_validate(given)
    except ValidationError as error:
        issues = [issue for each in error.errors() for issue in _issues(each)]
        raise DocumentError(source, list(dict.fromkeys(issues))) from error


def _issues(error: Any) -> Iterator[Issue]:
    if not error["loc"]:
        for line in str(error["ctx"]["error"]).splitlines():
            field, _, reason = line.partition(": ")
            yield Issue(line=None, path=field, message=reason)
        return
    if _of_another_kind(error):
        return
    path = ".".join(str(part) for part in error["loc"] if not str(part).startswith(("tuple[", "constrained")))
    if error["type"] == "extra_forbidden":
        yield Issue(line=None, path=path, message=f"no such parameter; there are {', '.join(_FIELDS)}")
        return
    message = str(error["msg"]).replace("valid tuple", "list, one value for each task")
    yield Issue(line=None, path=path, message=f"{message[:1].lower()}{message[1:]}, not {error['input']!r}")


def _of_another_kind(error: Any) -> bool:
    """One value was said and is no list, or a list and is no value: only the other complaint is of use."""
    kinds = {str(part).partition("[")[0] for part in error["loc"][1:]}
    listed = isinstance(error["input"], list | tuple)
    return ("tuple" in kinds and error["type"] == "tuple_type") or ("constrained-float" in kinds and listed)


_FIELDS = tuple(Parameters.model_fields)
