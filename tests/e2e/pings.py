"""Echo requests, one each 4 ms, and the number of each that is answered: `python pings.py ADDRESS`.

`ping -i 0.004` does the same, but never sleeps: it would keep a processor from what is tested.
"""

import os
import select
import socket
import struct
import sys
import time

_EVERY_S = 0.004
_REQUEST, _REPLY = 8, 0


def main(address: str) -> None:
    """Go on until the process is ended."""
    own, number, due = os.getpid() & 0xFFFF, 0, time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.connect((address, 0))
        while True:
            wait_s = due - time.monotonic()
            if wait_s <= 0:
                number += 1
                raw.send(_request(own, number))
                due = max(due + _EVERY_S, time.monotonic())
            elif select.select([raw], [], [], wait_s)[0]:
                packet = raw.recv(2048)
                kind, _, _, asker, answered = struct.unpack_from("!BBHHH", packet, 4 * (packet[0] & 15))
                if (kind, asker) == (_REPLY, own):
                    print(answered, flush=True)


def _request(own: int, number: int) -> bytes:
    total = (_REQUEST << 8) + own + number
    total = (total >> 16) + (total & 0xFFFF)
    total += total >> 16
    return struct.pack("!BBHHH", _REQUEST, 0, ~total & 0xFFFF, own, number)


if __name__ == "__main__":
    main(sys.argv[1])
