"""Pings an address until a file is there, and counts: `pinger.py ADDRESS FILE`; a program of its own.

Unlike ping it ends only after the last answer had its time, so what is still under way is not called lost.
"""

import os
import select
import socket
import struct
import sys
import time

_INTERVAL_S = 0.01
_LAST_ANSWER_S = 3.0
_ECHO, _REPLY = 8, 0
_HEADER = struct.Struct("!BBHHH")
_IP_HEADER = 20


def main() -> None:
    """One stream, as one flow; tells what was sent and answered."""
    address, stop = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as link:
        link.connect((address, 0))
        sent, answered = _stream(link, stop)
        deadline = time.monotonic() + _LAST_ANSWER_S
        while len(answered) < sent and time.monotonic() < deadline:
            _collect(link, answered, _INTERVAL_S)
    print(f"{sent} pings, {len(answered)} answered", flush=True)


def _stream(link: socket.socket, stop: str) -> tuple[int, set[int]]:
    sent, answered = 0, set[int]()
    while not os.path.exists(stop):
        link.send(_ping(sent))
        sent += 1
        _collect(link, answered, _INTERVAL_S)
    return sent, answered


def _ping(number: int) -> bytes:
    """An echo request; its number is in its data, as that of the header wraps around."""
    data = struct.pack("!Q", number)
    own, sequence = os.getpid() & 0xFFFF, number & 0xFFFF
    checksum = _checksum(_HEADER.pack(_ECHO, 0, 0, own, sequence) + data)
    return _HEADER.pack(_ECHO, 0, checksum, own, sequence) + data


def _checksum(packet: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(packet) // 2}H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _collect(link: socket.socket, answered: set[int], seconds: float) -> None:
    """Note all answers that come in this time."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and select.select([link], [], [], left)[0]:
        packet = link.recv(1000)[_IP_HEADER:]
        kind, _, _, own, _ = _HEADER.unpack_from(packet)
        if kind == _REPLY and own == os.getpid() & 0xFFFF:
            answered.add(struct.unpack_from("!Q", packet, _HEADER.size)[0])


if __name__ == "__main__":
    main()
