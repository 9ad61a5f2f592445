"""What probes say of a chain from end to end."""

from math import nan

import pytest

from workers.exporter.probed import Probing

TO_WEB = ("shopping", "load-balancer", "web")


def test_a_chain_is_as_slow_as_its_slowest_way_whichever_was_probed_last() -> None:
    probing = Probing()
    probing.note(("shopping", "customers", "load-balancer"), "customers > lb", 1.0)
    probing.note(TO_WEB, "lb > web-far", 8.0)
    probing.note(TO_WEB, "lb > web-near", 0.5)
    assert probing.figures("shopping").latency_ms == 4.5


def test_a_lost_probe_of_the_slowest_way_leaves_its_last_answer() -> None:
    probing = Probing()
    for far in (8.0, None):
        probing.note(TO_WEB, "lb > web-far", far)
        probing.note(TO_WEB, "lb > web-near", 0.5)
    found = probing.figures("shopping")
    assert found.latency_ms == 4.0
    assert found.loss == pytest.approx(0.25)


def test_the_losses_of_one_stretch_after_the_other_add_up() -> None:
    probing = Probing()
    for answer in (1.0, None):
        probing.note(("shopping", "customers", "load-balancer"), "customers > lb", answer)
        probing.note(TO_WEB, "lb > web-1", answer)
    assert probing.figures("shopping").loss == pytest.approx(0.75)


def test_a_stretch_without_an_answer_leaves_the_latency_unknown() -> None:
    for unknown in (None, nan):
        probing = Probing()
        probing.note(("shopping", "customers", "load-balancer"), "customers > lb", 1.0)
        probing.note(TO_WEB, "lb > web-1", unknown)
        assert probing.figures("shopping").latency_ms is None


def test_each_chain_has_its_own_figures() -> None:
    probing = Probing()
    probing.note(TO_WEB, "lb > web-1", 2.0)
    probing.note(("admin", "office", "web"), "office > web-1", None)
    assert probing.figures("shopping").loss == 0
    assert probing.figures("admin").loss == 1
    assert probing.figures("unknown").loss is None
