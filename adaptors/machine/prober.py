"""Sends a few probes from the network namespace that it runs in; a program of its own.

It takes one JSON object: source, target, protocol (tcp, udp or icmp), port, share_value, share_mask, tries,
timeout_s; and prints one: answered, rtt_ms (the best), error. A refused TCP connection is an answer too: the
packets went all the way.
"""

import json
import os
import random
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Any

_FIRST_PORT, _LAST_PORT = 32768, 60999
_DISCARD_PORT = 9
_ECHO, _ECHO_REPLY = 8, 0


def main() -> None:
    """Probe, and print what came of it."""
    order = json.loads(sys.argv[1])
    probe = {"tcp": tcp, "udp": udp, "icmp": icmp}[order["protocol"]]
    times, error = [], "no answer"
    for _ in range(order["tries"]):
        try:
            times.append(probe(order))
        except OSError as failed:
            error = str(failed) or "no answer"
            if not times and order["protocol"] == "udp":
                break
    print(json.dumps({"answered": bool(times), "rtt_ms": min(times, default=None), "error": error}))


def tcp(order: dict[str, Any]) -> float:
    """Milliseconds that a connection takes, or its refusal."""
    with _bound(socket.SOCK_STREAM, order) as own:
        own.settimeout(order["timeout_s"])
        started = time.perf_counter()
        with suppress(ConnectionRefusedError):
            own.connect((order["target"], order["port"] or _DISCARD_PORT))
        return (time.perf_counter() - started) * 1000


def udp(order: dict[str, Any]) -> float:
    """Milliseconds until somebody answers the datagram, if only with `port unreachable`."""
    with _bound(socket.SOCK_DGRAM, order) as own:
        own.settimeout(order["timeout_s"])
        started = time.perf_counter()
        own.connect((order["target"], order["port"] or _DISCARD_PORT))
        own.send(b"probe")
        with suppress(ConnectionRefusedError):
            own.recv(2048)
        return (time.perf_counter() - started) * 1000


def icmp(order: dict[str, Any]) -> float:
    """Milliseconds until the echo comes back."""
    mark = os.urandom(16)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as own:
        own.bind((order["source"], 0))
        packet = struct.pack("!BBHHH", _ECHO, 0, 0, os.getpid() & 0xFFFF, 1) + mark
        packet = packet[:2] + struct.pack("!H", _checksum(packet)) + packet[4:]
        started = time.perf_counter()
        deadline = started + order["timeout_s"]
        own.sendto(packet, (order["target"], 0))
        while (left := deadline - time.perf_counter()) > 0:
            own.settimeout(left)
            answer = own.recv(2048)
            kind = answer[(answer[0] & 15) * 4]
            if kind == _ECHO_REPLY and answer.endswith(mark):
                return (time.perf_counter() - started) * 1000
    raise TimeoutError("no echo")


def _bound(kind: int, order: dict[str, Any]) -> socket.socket:
    """A socket whose port has the low bits that lead along the wanted way."""
    value, mask = order["share_value"], order["share_mask"]
    own = socket.socket(socket.AF_INET, kind)
    for _ in range(50):
        port = (random.randint(_FIRST_PORT, _LAST_PORT) & ~mask) | value
        with suppress(OSError):
            own.bind((order["source"], port))
            return own
    own.bind((order["source"], port))  # so that the reason is told
    return own


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


if __name__ == "__main__":
    main()
