"""Copies every frame of an interface into a file, until it is ended; a program of its own.

It listens where tcpdump cannot: within a user namespace tcpdump fails, as it may not change its user there.
"""

import socket
import sys

_ALL_PROTOCOLS = 0x0003
_LARGEST = 65536


def main() -> None:
    """Listen on the interface that is named first, write to the file that is named second."""
    interface, file = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS)) as tap:
        tap.bind((interface, 0))
        with open(file, "wb", buffering=0) as sink:
            while True:
                sink.write(tap.recv(_LARGEST))


if __name__ == "__main__":
    main()
