"""One of OpenStack's APIs on 127.0.0.1: `python serve.py MODULE PORT PROCESSES`.

The module has an `application`.
"""

import importlib
import logging
import os
import socket
import sys

import waitress

_THREADS = 8
_IDLE_S = 300


def main() -> None:
    """Serve until the process is ended."""
    module, port, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))  # it listens once an application is there
    # Before anything is imported: none of them shares a thread or a connection with another.
    for _ in range(processes - 1):
        if os.fork() == 0:
            break
    # These modules read the words of the command line as options of their own, and read them when imported.
    sys.argv = [module]
    application = importlib.import_module(module).application
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # each wait for a thread is a warning there
    waitress.serve(application, sockets=[bound], threads=_THREADS, channel_timeout=_IDLE_S, ident=None)


if __name__ == "__main__":
    main()
