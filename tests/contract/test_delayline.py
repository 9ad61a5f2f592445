"""The userspace WAN link against what it promises: delay, rate, loss, live change, and a quiet life."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.delayline import ADDRESSES, FAR, NEAR, PROGRAM, Rig, ip, rig
from tests.contract.measuring import best

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, ("ip", "ping"))),
        reason="needs root and the commands ip and ping, for network namespaces of its own",
    ),
]

_RCVBUF_FORCE = 33
_PORT, _PAYLOAD, _HEADERS = 7002, 1000, 42
_PATIENCE_S = 30.0
_TUNNEL = {"left": "10.98.0.1", "right": "10.98.0.2"}


@pytest.fixture
def site() -> Iterator[Rig]:
    with rig() as built:
        yield built


@pytest.mark.parametrize("delay_ms", [0.5, 5.0, 20.0])
def test_round_trip_is_twice_the_delay(site: Rig, delay_ms: float) -> None:
    with site.line(delay_ms, 1000):
        best(_around(2 * delay_ms), site.rtt_ms)


def test_tcp_fills_the_rate_with_superframes(site: Rig) -> None:
    with site.line(1.0, 50):
        best(lambda mbps: 30 <= mbps <= 52, lambda: site.tcp_mbps(1.5))


@pytest.mark.skipif(not shutil.which("ethtool"), reason="needs ethtool")
def test_vxlan_crosses_once_its_sender_cuts_it_and_says_so_before(site: Rig) -> None:
    _tunnel(site)
    with site.line(1.0, 1000) as line:
        site.tcp_mbps(0.5, _TUNNEL["right"], queued_bytes=50_000)
        for which in ("left", "right"):
            command = ["ethtool", "-K", "edge", *("tx-udp_tnl-segmentation", "off")]
            ip("netns", "exec", site.name(which), *command, "tx-udp_tnl-csum-segmentation", "off")
        assert site.tcp_mbps(1.0, _TUNNEL["right"]) > 50
        line.terminate()
        _, said = line.communicate(timeout=_PATIENCE_S)
    assert said.count("\n") == 1
    assert "tx-udp_tnl-segmentation off" in said


def test_udp_above_the_rate_is_cut_to_it(site: Rig) -> None:
    with site.line(1.0, 50):
        best(lambda mbps: 40 <= mbps <= 52, lambda: _send(site, 20_000, 200.0).wire_mbps)


def test_nothing_is_lost_below_the_rate(site: Rig) -> None:
    with site.line(5.0, 50):
        assert _send(site, 2000, 5.0).count == 2000


def test_loss_is_the_same_in_each_run_of_a_seed(site: Rig, tmp_path: Path) -> None:
    lost = []
    _fix_neighbours(site)
    for _ in range(2):
        with site.line(1.0, 1000, "--loss", "0.2", "--seed", "7", "--stats", str(tmp_path / "stats")) as line:
            with site.socket("left", socket.SOCK_DGRAM) as sender:
                for _ in range(500):
                    sender.sendto(bytes(100), (ADDRESSES["right"], _PORT))
            lost.append(_stats_when(line, tmp_path / "stats", 500)["a_to_b"]["lost"])
    assert lost[0] == lost[1]
    assert 60 <= lost[0] <= 140


def test_a_live_link_takes_a_new_shape_and_keeps_it_from_a_bad_one(site: Rig, tmp_path: Path) -> None:
    settings, stats = tmp_path / "settings.json", tmp_path / "stats.json"
    with site.line(1.0, 1000, "--settings", str(settings), "--stats", str(stats)) as line:
        for text in ('{"delay_ms": 10}', '{"delay_ms": -1}', '{"colour": 1}', "{"):
            settings.write_text(text)
            line.send_signal(signal.SIGHUP)
            time.sleep(0.1)
        best(_around(20.0), lambda: site.rtt_ms(20))
        assert _stats_when(line, stats, 1)["shape"] == {"delay_ms": 10, "rate_mbps": 1000.0, "loss": 0.0}


def test_an_interface_that_goes_down_and_up_is_waited_for(site: Rig) -> None:
    with site.line(1.0, 1000) as line:
        for state in ("down", "up"):
            ip("-n", site.name("middle"), "link", "set", NEAR, state)
            time.sleep(0.2)
        assert line.poll() is None
        assert site.rtt_ms(10) < 50


def test_it_ends_with_a_word_when_an_interface_is_deleted(site: Rig) -> None:
    with site.line(1.0, 1000) as line:
        ip("-n", site.name("middle"), "link", "delete", FAR)
        _, said = line.communicate(timeout=_PATIENCE_S)
    assert (line.returncode, said) == (0, "delayline: interface 'far' is gone\n")


def test_it_ends_cleanly_on_sigterm(site: Rig) -> None:
    with site.line(1.0, 1000) as line:
        line.terminate()
        out, said = line.communicate(timeout=_PATIENCE_S)
    assert (line.returncode, out, said) == (0, "", "")


def test_an_idle_link_takes_no_cpu(site: Rig) -> None:
    with site.line(1.0, 1000) as line:
        time.sleep(0.3)
        before = _cpu_seconds(line.pid)
        time.sleep(1.0)
        assert _cpu_seconds(line.pid) - before < 0.01


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["none0", "lo", "--delay-ms", "1", "--rate-mbps", "1"], "no interface 'none0'"),
        (["lo", "lo", "--delay-ms", "1", "--rate-mbps", "1"], "two interfaces"),
        (["lo", "none0", "--delay-ms", "x", "--rate-mbps", "1"], "--delay-ms"),
        (["lo", "none0", "--delay-ms", "-1", "--rate-mbps", "1"], "delay"),
        (["lo", "none0", "--delay-ms", "1", "--rate-mbps", "0"], "rate"),
        (["lo", "none0", "--delay-ms", "1", "--rate-mbps", "1", "--loss", "2"], "loss"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(arguments: list[str], word: str) -> None:
    command = [sys.executable, "-I", "-S", str(PROGRAM), *arguments]
    refused = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert word in refused.stderr


def _around(planned_ms: float) -> Callable[[float], bool]:
    """Whether a round trip over a link took what was planned: never less, a little more on a busy machine.

    How much more, bench/dataplane.py tells.
    """
    return lambda measured_ms: 0.97 * planned_ms <= measured_ms <= 1.5 * planned_ms + 1.0


class _Received:
    """Datagrams that came over, and the time from the first to the last of them."""

    def __init__(self) -> None:
        self.count, self.first, self.last = 0, 0.0, 0.0

    @property
    def wire_mbps(self) -> float:
        return self.count * (_PAYLOAD + _HEADERS) * 8e-6 / (self.last - self.first)

    def drain(self, receiver: socket.socket) -> None:
        try:
            while receiver.recv(2048):
                self.last = time.monotonic()
                self.first = self.first or self.last
                self.count += 1
        except TimeoutError:
            return


def _send(site: Rig, count: int, mbps: float) -> _Received:
    """Send datagrams at a rate from left to right, and count those that arrive."""
    received, each_s = _Received(), _PAYLOAD * 8e-6 / mbps
    _fix_neighbours(site)
    with (
        site.socket("left", socket.SOCK_DGRAM) as sender,
        site.socket("right", socket.SOCK_DGRAM) as receiver,
    ):
        receiver.setsockopt(socket.SOL_SOCKET, _RCVBUF_FORCE, 1 << 23)
        receiver.bind((ADDRESSES["right"], _PORT))
        receiver.settimeout(0.5)
        thread = threading.Thread(target=received.drain, args=(receiver,))
        thread.start()
        started = time.monotonic()
        for number in range(count):
            if (ahead := started + number * each_s - time.monotonic()) > 0.0005:
                time.sleep(ahead)
            sender.sendto(bytes(_PAYLOAD), (ADDRESSES["right"], _PORT))
        thread.join()
    return received


def _tunnel(site: Rig) -> None:
    for here, there in (("left", "right"), ("right", "left")):
        ends = ("local", ADDRESSES[here], "remote", ADDRESSES[there], "dstport", "4789", "dev", "edge")
        ip("-n", site.name(here), "link", "add", "name", "tunnel", "type", "vxlan", "id", "7", *ends)
        ip("-n", site.name(here), "address", "add", f"{_TUNNEL[here]}/24", "dev", "tunnel")
        ip("-n", site.name(here), "link", "set", "tunnel", "up")


def _fix_neighbours(site: Rig) -> None:
    """Let nobody ask for an address: a lost question would hold back what is counted."""
    for here, there in (("left", "right"), ("right", "left")):
        shown = subprocess.run(
            ["ip", "-j", "-n", site.name(there), "link", "show", "edge"], capture_output=True, check=True
        )
        known = ("lladdr", json.loads(shown.stdout)[0]["address"], "dev", "edge")
        ip("-n", site.name(here), "neighbour", "replace", ADDRESSES[there], *known)


def _stats_when(line: subprocess.Popen[str], path: Path, frames: int) -> dict[str, Any]:
    """The statistics as soon as so many frames were taken in from A."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        line.send_signal(signal.SIGUSR1)
        time.sleep(0.1)
        if path.exists():
            stats: dict[str, Any] = json.loads(path.read_text())
            if stats["a_to_b"]["frames"] + stats["a_to_b"]["lost"] >= frames:
                return stats
    raise AssertionError("too few frames crossed")


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
