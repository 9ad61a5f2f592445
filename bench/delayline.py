"""`python -m bench.delayline`: the userspace WAN link beside a plain veth, one run, as ratios. Needs root."""

import ctypes
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).parents[1] / "adaptors" / "wan" / "delayline.py"
ADDRESSES = {"left": "10.99.0.1", "right": "10.99.0.2"}
NEAR, FAR = "near", "far"
_CHUNK = bytes(1 << 18)
_CLONE_NEWNET = 0x40000000


def main() -> None:
    """Throughput beside a veth, and the error of the round trip beside what was asked for."""
    with rig("direct") as plain:
        direct, base_ms = plain.tcp_mbps(3), plain.rtt_ms()
    print(f"plain veth: {direct:.0f} Mbit/s, round trip {base_ms:.3f} ms")
    with rig() as relayed, relayed.line(0.0, 100_000):
        through, own_ms = relayed.tcp_mbps(3), relayed.rtt_ms()
    print(
        f"link without delay: {through:.0f} Mbit/s, {through / direct:.2f} of the veth; adds {own_ms:.3f} ms"
    )
    for delay_ms in (0.5, 5.0, 20.0):
        with rig() as relayed, relayed.line(delay_ms, 1000):
            ratio = relayed.rtt_ms() / (2 * delay_ms)
        print(f"round trip at {delay_ms:g} ms each way: {ratio:.3f} of the plan")
    for mbps in (50, 1000):
        with rig() as relayed, relayed.line(1.0, mbps):
            print(f"TCP goodput at {mbps} Mbit/s: {relayed.tcp_mbps(3) / mbps:.3f} of the rate")


class Rig:
    """Namespaces `left` and `right`, joined by a veth or by `middle` that holds `near` and `far`."""

    def __init__(self, prefix: str, direct: bool) -> None:
        self._prefix, self._direct = prefix, direct

    def name(self, which: str) -> str:
        """The name of a namespace of this rig on the machine."""
        return f"{self._prefix}-{which}"

    def build(self) -> None:
        """Make everything; what was made stays for `remove` when a part fails."""
        for which in ("left", "middle", "right"):
            ip("netns", "add", self.name(which))
            # No host may speak up by itself: what crosses is what was sent.
            quiet = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"
            ip("netns", "exec", self.name(which), "sh", "-c", quiet)
        if self._direct:
            self._veth("left", "edge", "right", "edge")
        else:
            self._veth("left", "edge", "middle", NEAR)
            self._veth("right", "edge", "middle", FAR)
        for which, address in ADDRESSES.items():
            ip("-n", self.name(which), "address", "add", f"{address}/24", "dev", "edge")

    def _veth(self, here: str, end: str, there: str, other: str) -> None:
        peer = ("peer", "name", other, "netns", self.name(there))
        ip("-n", self.name(here), "link", "add", "name", end, "type", "veth", *peer)
        ip("-n", self.name(here), "link", "set", end, "up")
        ip("-n", self.name(there), "link", "set", other, "up")

    def remove(self) -> None:
        """Take away every namespace, and with them their interfaces."""
        for which in ("left", "middle", "right"):
            subprocess.run(
                ["ip", "netns", "delete", self.name(which)], stderr=subprocess.DEVNULL, check=False
            )

    @contextmanager
    def line(self, delay_ms: float, rate_mbps: float, *more: str) -> Iterator[subprocess.Popen[str]]:
        """A running link between the two sides, ended with the block."""
        shape = ["--delay-ms", str(delay_ms), "--rate-mbps", str(rate_mbps), *more]
        python = [sys.executable, "-I", "-S", str(PROGRAM), NEAR, FAR, *shape]
        command = ["ip", "netns", "exec", self.name("middle"), *python]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout and process.stdout.readline() == "ready\n", process.communicate()
                yield process
            finally:
                process.send_signal(signal.SIGTERM)

    def rtt_ms(self, count: int = 50) -> float:
        """The median round trip of pings from left to right."""
        ping = ["ping", "-c", str(count), "-i", "0.02", "-w", "10", ADDRESSES["right"]]
        command = ["ip", "netns", "exec", self.name("left"), *ping]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        return statistics.median(
            float(line.split("time=")[1].split()[0]) for line in lines if "time=" in line
        )

    def socket(self, which: str, kind: socket.SocketKind) -> socket.socket:
        """A socket of this process that lives in a namespace of the rig."""
        made: list[socket.socket] = []
        thread = threading.Thread(target=lambda: made.append(_socket_in(self.name(which), kind)))
        thread.start()
        thread.join()
        return made[0]

    def tcp_mbps(
        self, seconds: float, address: str = ADDRESSES["right"], queued_bytes: int | None = None
    ) -> float:
        """What one TCP connection from left to right brings over, from its first byte to its last.

        :param queued_bytes: how much the sender may have waiting, where the kernel should not choose
        """
        stream = socket.SOCK_STREAM
        with self.socket("right", stream) as listener, self.socket("left", stream) as sender:
            if queued_bytes:
                sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, queued_bytes)
            listener.bind((address, 0))
            listener.listen()
            sender.connect(listener.getsockname())
            thread = threading.Thread(target=_send_for, args=(sender, seconds))
            thread.start()
            receiver, _ = listener.accept()
            with receiver:
                received, took = _receive_all(receiver)
            thread.join()
        return received * 8e-6 / took


@contextmanager
def rig(joined: str = "by a link") -> Iterator[Rig]:
    """A rig of its own name, removed with the block."""
    built = Rig(f"dl{secrets.token_hex(4)}", joined == "direct")
    try:
        built.build()
        yield built
    finally:
        built.remove()


def ip(*arguments: str) -> None:
    """Run one command of iproute2; its complaint is the error."""
    subprocess.run(["ip", *arguments], check=True)


def _socket_in(namespace: str, kind: socket.SocketKind) -> socket.socket:
    """For a thread of its own: the thread stays in the namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if libc.setns(handle, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
        return socket.socket(socket.AF_INET, kind)
    finally:
        os.close(handle)


def _send_for(sender: socket.socket, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sender.sendall(_CHUNK)
    sender.shutdown(socket.SHUT_WR)


def _receive_all(receiver: socket.socket) -> tuple[int, float]:
    buffer = bytearray(len(_CHUNK))
    received, started = receiver.recv_into(buffer), time.monotonic()
    while count := receiver.recv_into(buffer):
        received += count
    return received, time.monotonic() - started


if __name__ == "__main__":
    main()
