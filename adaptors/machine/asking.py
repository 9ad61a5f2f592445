"""Probes sent from a network namespace, by a program of its own that needs nothing there but the network."""

import json
import sys
from pathlib import Path
from typing import Literal

from adaptors.machine.commands import Machine
from domain.models import Model

_PROGRAM = Path(__file__).with_name("prober.py")


class Question(Model):
    """What to send."""

    source: str
    target: str
    protocol: Literal["tcp", "udp", "icmp"]
    port: int | None = None
    share_value: int = 0
    share_mask: int = 0
    """The source port has `port & share_mask == share_value`."""
    tries: int = 5
    timeout_s: float = 2.0


class Answer(Model):
    """What came of it."""

    answered: bool
    rtt_ms: float | None
    """The best of all tries."""
    error: str


def ask(machine: Machine, namespace: str, question: Question) -> Answer:
    """Send a few probes from a namespace.

    :raises CommandError: if the namespace is not there
    """
    words = [sys.executable, "-I", "-S", str(_PROGRAM), json.dumps(question.model_dump())]
    return Answer.model_validate_json(machine.run(words, namespace=namespace))
