"""What is said between this process and one that runs HiGHS: frames of a length and a pickle."""

import pickle
import struct
from dataclasses import dataclass
from typing import IO

import numpy as np

from placement.solving.outcomes import State
from placement.solving.program import Floats, Program

_LENGTH = struct.Struct("<Q")
_LONGEST = 1 << 30


@dataclass(frozen=True)
class Request:
    """A program to be solved."""

    program: Program
    deadline: float
    """By CLOCK_MONOTONIC, which all processes of a machine share, in seconds."""
    start: Floats | None = None
    """A solution to begin with."""
    cutoff: float | None = None
    """Of no interest is what costs more than this; without the program's constant."""


@dataclass(frozen=True)
class Incumbent:
    """A solution found on the way."""

    values: Floats


@dataclass(frozen=True)
class Answer:
    """How a run ended by itself."""

    state: State
    values: Floats | None = None
    """There is none where no solution is known."""
    bound: float | None = None
    """Without the program's constant."""


@dataclass(frozen=True)
class Failure:
    """Why there is no answer."""

    cause: str


Message = Incumbent | Answer | Failure


def send(stream: IO[bytes], message: Request | Message) -> None:
    """Write a message; raises OSError where nobody reads any more."""
    body = pickle.dumps(message, protocol=5)
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def receive(stream: IO[bytes]) -> object:
    """The next message; raises EOFError where there is none, ValueError where what comes is none."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > _LONGEST:
        raise ValueError("what it says is no message")
    body = _exactly(stream, length)
    try:
        return pickle.loads(body)
    except Exception as error:  # a damaged pickle raises whatever its parts do
        raise ValueError("what it says is no message") from error


def message(said: object) -> Message:
    """What was received, if it is something that a solver may say; raises ValueError."""
    match said:
        case (
            Incumbent(values=np.ndarray()) | Answer(state=State(), values=np.ndarray(), bound=float() | None)
        ):
            if said.values is not None and said.values.dtype == np.float64:
                return said
        case Answer(state=State(), values=None, bound=float() | None) | Failure(cause=str()):
            return said
    raise ValueError("what it says is no answer")


def _exactly(stream: IO[bytes], length: int) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise EOFError
    return found
