"""A PoP that hangs keeps no other one waiting."""

import threading
import time
from collections.abc import Iterator

import pytest

from workers.exporter.asking import Asking, Group
from workers.exporter.census import Place


def place(service: str, pop: str) -> Place:
    return Place(service, "web", "web-1", pop, "default", "r", "modelled", 1, 1)


SLOW = tuple((place(f"s{number}", "slow"),) for number in range(40))
QUICK = ((place("other", "quick"),),)


class Vims:
    """Those at `slow` answer nothing until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked: list[str] = []

    def ask(self, group: Group) -> str:
        self.asked.append(group[0].service)
        if group[0].pop == "slow":
            self.go.wait(60)
        return group[0].service


@pytest.fixture
def vims() -> Iterator[Vims]:
    found = Vims()
    yield found
    found.go.set()


def test_others_are_answered_and_it_is_waited_for_once(vims: Vims) -> None:
    asking: Asking[str] = Asking()
    assert asking.answers((*SLOW, *QUICK), vims.ask, 3.0) == {QUICK[0]: "other"}
    began = time.monotonic()
    assert asking.answers((*SLOW, *QUICK), vims.ask, 3.0) == {QUICK[0]: "other"}
    assert time.monotonic() - began < 2.9, "it is known to hang"
    hung = [each for each in vims.asked if each != "other"]
    assert len(hung) == len(set(hung)) < len(SLOW), "each once, and not all of them at the same time"
    asking.close()


def test_when_it_answers_again_it_is_heard_again(vims: Vims) -> None:
    asking: Asking[str] = Asking()
    assert not asking.answers(SLOW[:2], vims.ask, 0.2)
    vims.go.set()
    time.sleep(0.2)
    assert set(asking.answers(SLOW, vims.ask, 5.0).values()) == {f"s{number}" for number in range(40)}
    asking.close()


def test_another_one_at_a_pop_where_one_hangs_is_answered(vims: Vims) -> None:
    asking: Asking[str] = Asking()
    asking.answers(SLOW[:1], vims.ask, 0.2)
    beside = (place("well", "slow"),)

    def ask(group: Group) -> str:
        return "well" if group == beside else vims.ask(group)

    assert asking.answers((SLOW[0], beside), ask, 0.2) == {beside: "well"}
    asking.close()
