"""What a worker tells of itself: where, of which calls, and to whom."""

import os
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY

from adaptors.vim.port import HostedVim, MeasuringVim, NetworkedVim
from adaptors.vim.registry import open_vim
from domain.errors import InputError, VimRefusedError
from domain.infrastructure import Resources
from domain.instances import PopAccess
from workers.telemetry import Listening, listening, telling

CALLS = "interlace_vim_call_duration_seconds_count"


def calls(pop: str, call: str, outcome: str) -> float:
    labels = {"vim_kind": "modelled", "pop": pop, "call": call, "outcome": outcome}
    return REGISTRY.get_sample_value(CALLS, labels) or 0.0


def test_calls_to_vims_are_counted_by_how_they_ended(tmp_path: Path) -> None:
    vim = open_vim("modelled", PopAccess(name="counted", capacity=Resources.of(1, 1, 1)), tmp_path)
    assert vim.read("nobody") is None
    assert vim.read("nobody") is None
    with pytest.raises(VimRefusedError):
        vim.configure("nobody", {}, lambda _: None)
    assert calls("counted", "read", "done") == 2
    assert calls("counted", "configure", "refused") == 1
    assert isinstance(vim, HostedVim)
    assert not isinstance(vim, NetworkedVim) and not isinstance(vim, MeasuringVim)


def test_nothing_is_served_unless_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERLACE_METRICS_LISTEN", raising=False)
    with telling(tmp_path) as runtime:
        assert runtime is None
        assert listening(tmp_path) == ()


def test_a_worker_is_found_while_it_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLACE_METRICS_LISTEN", "127.0.0.1:0")
    with telling(tmp_path) as runtime:
        assert runtime is not None
        [worker] = listening(tmp_path)
        assert worker.process.pid == os.getpid()
        assert "interlace_vim_call_duration_seconds" in httpx.get(f"http://{worker.metrics}/metrics").text
        assert httpx.get(f"http://{worker.temporal}/metrics").status_code == 200
    assert listening(tmp_path) == ()


def test_workers_that_are_gone_or_unreadable_are_not_named(tmp_path: Path) -> None:
    directory = tmp_path / "metrics"
    directory.mkdir()
    (directory / "1.json").write_text("{")
    gone = Listening.model_validate(
        {"process": {"pid": 2**22 - 1, "started": 1.0}, "metrics": "a:1", "temporal": "a:2"}
    )
    (directory / "2.json").write_text(gone.model_dump_json())
    assert listening(tmp_path) == ()


@pytest.mark.parametrize("listen", ["9465", "nowhere:", "127.0.0.1:70000"])
def test_a_senseless_setting_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listen: str) -> None:
    monkeypatch.setenv("INTERLACE_METRICS_LISTEN", listen)
    with pytest.raises(InputError, match="INTERLACE_METRICS_LISTEN"), telling(tmp_path):
        pass
