"""The process that runs HiGHS, one request after the other: `python -m placement.solving.child`.

It ends when its standard input does, also in the midst of solving: so it never outlives who started it.
"""

import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from queue import SimpleQueue

import highspy
import numpy as np

from placement.solving import messages
from placement.solving.messages import Answer, Failure, Incumbent, Message, Request
from placement.solving.outcomes import State
from placement.solving.program import slack

_FEASIBLE = 2
"""kSolutionStatusFeasible."""
_SHORTEST_S = 0.01
_OUT_OF_TIME = {highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInterrupt}


def main() -> None:
    """Serve requests until there are no more."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints does not print between the replies
    requests: SimpleQueue[Request] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()

    def tell(message: Message) -> None:
        messages.send(replies, message)

    try:
        while True:
            tell(answer(requests.get(), tell))
    except Exception:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # an orderly end would wait for the thread that listens


def _listen(requests: "SimpleQueue[Request]") -> None:
    """HiGHS lets other threads run while it solves, so this one notices the end at any time."""
    try:
        while True:
            request = messages.receive(sys.stdin.buffer)
            assert isinstance(request, Request)
            requests.put(request)
    finally:
        os._exit(0)


def answer(request: Request, tell: Callable[[Message], None]) -> Answer | Failure:
    """Solve; `tell` hears of each solution on the way that is better than the one before."""
    solver = _loaded(request)
    if solver is None:
        return Failure("does not take the problem")
    solver.setCallback(lambda _kind, _text, found, *_: tell(Incumbent(np.array(found.mip_solution))), None)
    solver.startCallback(highspy.cb.HighsCallbackType.kCallbackMipImprovingSolution)
    solver.run()
    return _read(solver, request)


def _loaded(request: Request) -> "highspy.Highs | None":
    solver, program = highspy.Highs(), request.program  # type: ignore[no-untyped-call]
    options: dict[str, bool | int | float] = {
        "output_flag": False,
        "threads": 1,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 0.0,
        "time_limit": max(_SHORTEST_S, request.deadline - time.monotonic()),
    }
    if request.cutoff is not None:
        options["objective_bound"] = request.cutoff + slack(request.cutoff)
    for name, value in options.items():
        solver.setOptionValue(name, value)
    taken = solver.passModel(
        program.costs.size,
        program.row_lower.size,
        program.indices.size,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        program.costs,
        program.lower,
        program.upper,
        program.row_lower,
        program.row_upper,
        program.starts,
        program.indices,
        program.coefficients,
        program.integral,
    )
    if request.start is not None:
        columns = np.arange(request.start.size, dtype=np.int32)
        solver.setSolution(request.start.size, columns, request.start)
    return None if taken == highspy.HighsStatus.kError else solver


def _read(solver: "highspy.Highs", request: Request) -> Answer | Failure:
    status, info = solver.getModelStatus(), solver.getInfo()
    meant = highspy.HighsModelStatus
    if status == meant.kInfeasible:
        return Answer(State.INFEASIBLE)
    if status == meant.kUnboundedOrInfeasible and request.program.is_bounded_below:
        return Answer(State.INFEASIBLE)
    optimal = status == meant.kOptimal
    if not optimal and status not in _OUT_OF_TIME:
        return Failure(f"ends with: {solver.modelStatusToString(status)}")
    is_mixed = bool(request.program.integral.any())
    bound = info.mip_dual_bound if is_mixed else info.objective_function_value if optimal else None
    if info.primal_solution_status != _FEASIBLE:
        return Answer(State.UNKNOWN, bound=bound)
    values = np.array(solver.getSolution().col_value)
    return Answer(State.OPTIMAL if optimal else State.FEASIBLE, values, bound)


if __name__ == "__main__":
    main()
