"""Ask a port of this network once: `probe.py tcp|http ADDRESS PORT TIMEOUT PATH`. Only the standard library.

Exits with 0 where it answers, else says what it got. HTTP: any status below 400 is an answer.
"""

import socket
import sys


def main() -> None:
    kind, address, port, timeout, path = sys.argv[1:6]
    try:
        with socket.create_connection((address, int(port)), float(timeout)) as connection:
            connection.settimeout(float(timeout))
            if kind == "http":
                judge(asked(connection, address, path))
    except OSError as error:
        sys.exit(f"{kind} {address}:{port}: {error}")


def asked(connection: socket.socket, address: str, path: str) -> str:
    """The status line."""
    request = f"GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    connection.sendall(request.encode())
    with connection.makefile("rb") as answer:
        return answer.readline(1000).decode(errors="replace").strip()


def judge(line: str) -> None:
    words = line.split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit() or int(words[1]) >= 400:
        sys.exit(f"http: answered {line!r}")


if __name__ == "__main__":
    main()
