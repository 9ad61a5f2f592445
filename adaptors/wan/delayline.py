"""A WAN link in userspace, for kernels without netem: `delayline.py A B --delay-ms 5.25 --rate-mbps 1000`.

Moves Ethernet frames between the interfaces A and B of the network namespace it is started in. Each direction
has its own queue, serialises at the rate, then delays; order is kept. Superframes (GSO) and checksums left to
the hardware cross intact; a superframe takes the time of its segments, and is lost as one. The kernel takes
back no superframe of VXLAN: who sends VXLAN over the link switches tx-udp_tnl-segmentation off. VLAN tags are
not carried, and A and B should have no addresses. SIGHUP reads --settings (JSON of delay_ms, rate_mbps, loss)
again, SIGUSR1 writes --stats, SIGTERM ends. Needs only the standard library: start it with `python -I -S`.
"""

import argparse
import errno
import gc
import json
import math
import os
import random
import select
import signal
import socket
import struct
import sys
from collections import deque
from contextlib import suppress
from time import monotonic, time
from types import FrameType
from typing import NoReturn

_SOL_PACKET, _VNET_HDR, _IGNORE_OUTGOING, _ETH_P_ALL = 263, 15, 23, 3
_SO_TIMESTAMPNS, _FORCED = 35, {socket.SO_RCVBUF: 33, socket.SO_SNDBUF: 32}
_NETLINK_ROUTE, _RTMGRP_LINK = 0, 1
_BUFFER_BYTES, _LARGEST_FRAME, _BATCH = 32 << 20, 70_000, 16

_STAMP = struct.Struct("@ll")
_STAMP_ROOM = socket.CMSG_SPACE(_STAMP.size)
_VNET = struct.Struct("=BBHHHH")  # flags, kind of GSO, length of headers, size of a segment, start of L4, -
_NEEDS_CHECKSUM, _GSO_TCP, _ECN, _UDP_HEADER = 1, (1, 4), 0x80, 8

_MARGIN_S = 0.0002  # a long sleep ends so much before its time: an idle CPU is late after long sleeps only
_EARLY_S = 0.00006  # what is due within this time leaves now: it takes as long from the clock to the wire
_LATE_S = 0.05  # a frame that seems to have waited longer than this tells that the clock was set

_TUNNELLED = """superframes inside a tunnel cannot cross; switch them off where they are sent: \
ethtool -K INTERFACE tx-udp_tnl-segmentation off tx-udp_tnl-csum-segmentation off"""
_explained: list[OSError] = []


class Refused(Exception):
    """The link cannot be made or changed so; the message is for the user."""


class Shape:
    """What the link does to frames; another one may take its place while it runs."""

    def __init__(self, delay_ms: float, rate_mbps: float, loss: float) -> None:
        for name, value in (("delay", delay_ms), ("rate", rate_mbps), ("loss", loss)):
            if not (isinstance(value, int | float) and 0 <= value < math.inf):
                raise Refused(f"the {name} must be a number of at least 0, not {value!r}")
        if rate_mbps == 0 or loss > 1:
            raise Refused("the rate must be more than 0 Mbit/s, and the loss a share from 0 to 1")
        self.delay_ms, self.rate_mbps, self.loss = delay_ms, rate_mbps, loss

    def changed_by(self, path: str) -> "Shape":
        """This shape with what the file names in place of its own."""
        try:
            with open(path, encoding="utf-8") as file:
                return Shape(**{**vars(self), **json.load(file)})
        except (OSError, ValueError, TypeError) as error:
            raise Refused(f"settings {path}: {error}") from error


class Direction:
    """Frames on their way from one interface to the other."""

    def __init__(
        self, source: socket.socket, target: socket.socket, queue_ms: float, seed: int | None
    ) -> None:
        self._source, self._target, self._queue_s = source, target, queue_ms / 1e3
        self._dice = random.Random(seed)
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._free_at = 0.0
        self.counts = {"frames": 0, "bytes": 0, "lost": 0, "overflowed": 0, "failed": 0}

    def receive(self, shape: Shape) -> None:
        """Take in what has arrived, up to a batch, so that what is due waits for no flood."""
        for _ in range(_BATCH):
            try:
                frame, notes, _, _ = self._source.recvmsg(_LARGEST_FRAME, _STAMP_ROOM)
            except BlockingIOError:
                return
            except OSError:  # the interface went down, or a frame that its header cannot describe
                self.counts["failed"] += 1
            else:
                self._accept(frame, monotonic() - _age(notes), shape)

    def _accept(self, frame: bytes, arrived: float, shape: Shape) -> None:
        start = max(arrived, self._free_at)
        if start - arrived > self._queue_s:
            self.counts["overflowed"] += 1
            return
        self._free_at = start + wire_bytes(frame) * 8e-6 / shape.rate_mbps
        if shape.loss and self._dice.random() < shape.loss:
            self.counts["lost"] += 1
        else:
            self._under_way.append((self._free_at + shape.delay_ms / 1e3, frame))

    def deliver(self) -> float:
        """Send what is due; when the next one is."""
        under_way, counts = self._under_way, self.counts
        while under_way and under_way[0][0] <= monotonic() + _EARLY_S:
            frame = under_way.popleft()[1]
            try:
                self._target.send(frame)
            except OSError as error:  # the far side is down or full: a link drops
                counts["failed"] += 1
                _explain(error)
            else:
                counts["frames"] += 1
                counts["bytes"] += len(frame) - _VNET.size
        return under_way[0][0] if under_way else math.inf


def _explain(error: OSError) -> None:
    """Say once what only its sender can mend: nothing large would ever cross."""
    if error.errno == errno.ENOMEM and not _explained:
        _explained.append(error)
        _say(_TUNNELLED)


def _age(notes: list[tuple[int, int, bytes]]) -> float:
    """Seconds since the kernel received a frame, which may be long before this process woke for it."""
    for _, kind, stamp in notes:
        if kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _STAMP.unpack(stamp)
            age: float = time() - seconds - nanoseconds * 1e-9
            return age if 0 < age < _LATE_S else 0.0
    return 0.0


def wire_bytes(frame: bytes) -> int:
    """Bytes that a frame takes on a wire, where each segment of a superframe repeats the headers."""
    flags, kind, _, segment, start, _ = _VNET.unpack_from(frame)
    length = len(frame) - _VNET.size
    if not (kind and segment and flags & _NEEDS_CHECKSUM):
        return length
    tcp = kind & ~_ECN in _GSO_TCP
    headers: int = start + (frame[_VNET.size + start + 12] >> 4 << 2 if tcp else _UDP_HEADER)
    segments: int = -(-(length - headers) // segment)
    return length + headers * (segments - 1)


class Link:
    """Both directions, and what is told to a running link."""

    def __init__(self, a: str, b: str, shape: Shape, queue_ms: float, seed: int | None) -> None:
        self._changes = _link_changes()
        self._indices = {name: _index(name) for name in (a, b)}
        near, far = _open(a), _open(b)
        ways = ((near, far), (far, near))
        self._directions = {way[0]: Direction(*way, queue_ms, seed) for way in ways}
        self.shape = shape

    def run(self) -> str:
        """Carry frames until an interface is gone; which one."""
        directions, watched = self._directions, [*self._directions, self._changes]
        while True:
            due = min(direction.deliver() for direction in directions.values())
            for ready in select.select(watched, (), (), _sleep(due - monotonic()))[0]:
                if ready is not self._changes:
                    directions[ready].receive(self.shape)
                elif gone := self._gone():
                    return gone

    def _gone(self) -> str | None:
        """An interface that was deleted, renamed or moved away since it was opened."""
        with suppress(OSError):  # nothing more to read, or more than fits: either way, look
            while self._changes.recv(1 << 16):
                pass
        for name, index in self._indices.items():
            try:
                if socket.if_nametoindex(name) != index:
                    return name
            except OSError:
                return name
        return None

    def write_stats(self, path: str) -> None:
        """Put the shape and the counts of both directions into a file, as a whole."""
        a_to_b, b_to_a = (direction.counts for direction in self._directions.values())
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump({"shape": vars(self.shape), "a_to_b": a_to_b, "b_to_a": b_to_a}, file)
        os.replace(f"{path}.new", path)


def _sleep(remaining: float) -> float | None:
    if remaining == math.inf:
        return None
    return max(0.0, remaining - (_MARGIN_S if remaining > 2 * _MARGIN_S else _EARLY_S))


def _index(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:
        raise Refused(f"no interface {name!r} in this network namespace") from None


def _open(name: str) -> socket.socket:
    """A socket that reads and writes the frames of an interface, each behind its vnet header."""
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        opened.setsockopt(_SOL_PACKET, _VNET_HDR, 1)
        opened.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        for asked, forced in _FORCED.items():
            opened.setsockopt(socket.SOL_SOCKET, asked, _BUFFER_BYTES)
            with suppress(PermissionError):  # not root of the machine: as much as it allows
                opened.setsockopt(socket.SOL_SOCKET, forced, _BUFFER_BYTES)
        opened.bind((name, _ETH_P_ALL))
    except OSError as error:
        raise Refused(f"cannot open interface {name!r}: {error.strerror}") from error
    opened.setblocking(False)
    return opened


def _link_changes() -> socket.socket:
    """A socket with something to read whenever an interface of the namespace has changed."""
    changes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE)
    changes.bind((0, _RTMGRP_LINK))
    changes.setblocking(False)
    return changes


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(message)


def _arguments() -> argparse.Namespace:
    parser = _Parser(prog="delayline", description="A WAN link between two interfaces.", allow_abbrev=False)
    for name in ("a", "b"):
        parser.add_argument(name, metavar=name.upper(), help="an interface of this network namespace")
    parser.add_argument("--delay-ms", type=float, required=True, help="of each direction")
    parser.add_argument("--rate-mbps", type=float, required=True, help="of each direction")
    parser.add_argument("--loss", type=float, default=0.0, help="share of frames, 0 to 1")
    parser.add_argument("--queue-ms", type=float, default=100.0, help="longest wait for the wire")
    parser.add_argument("--seed", type=int, help="lose the same frames in each run")
    parser.add_argument("--settings", metavar="FILE", help="read on SIGHUP")
    parser.add_argument("--stats", metavar="FILE", help="written on SIGUSR1")
    return parser.parse_args()


def _obey_signals(link: Link, settings: str | None, stats: str | None) -> None:
    def obey(number: int, _: FrameType | None) -> None:
        try:
            if number == signal.SIGHUP and settings:
                link.shape = link.shape.changed_by(settings)
            elif number == signal.SIGUSR1 and stats:
                link.write_stats(stats)
        except (Refused, OSError) as error:  # the link goes on as it was
            _say(str(error))

    for number in (signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, obey)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def _be_punctual() -> None:
    """Ask for timers to the microsecond and for the CPU as soon as they fire, as far as allowed."""
    gc.disable()  # nothing here is cyclic
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    with suppress(OSError), open("/proc/self/timerslack_ns", "w", encoding="ascii") as slack:
        slack.write("1")


def _say(message: str) -> None:
    print(f"delayline: {message}", file=sys.stderr, flush=True)


def main() -> int:
    """Run the link until it is told to end or an interface is gone."""
    try:
        given = _arguments()
        if given.a == given.b or not 0 <= given.queue_ms < math.inf:
            raise Refused("A and B must be two interfaces, and the queue a number of at least 0")
        shape = Shape(given.delay_ms, given.rate_mbps, given.loss)
        link = Link(given.a, given.b, shape, given.queue_ms, given.seed)
    except Refused as refused:
        _say(str(refused))
        return 2
    _obey_signals(link, given.settings, given.stats)
    _be_punctual()
    print("ready", flush=True)
    _say(f"interface {link.run()!r} is gone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
