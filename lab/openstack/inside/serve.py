"""One of OpenStack's APIs on 127.0.0.1: `python serve.py MODULE PORT`; the module has an `application`."""

import importlib
import logging
import sys

import waitress

_THREADS = 8
_IDLE_S = 300


def main() -> None:
    """Serve until the process is ended."""
    module, port = sys.argv[1], int(sys.argv[2])
    # These modules read the words of the command line as options of their own, and read them when imported.
    sys.argv = [module]
    application = importlib.import_module(module).application
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # each wait for a thread is a warning there
    waitress.serve(
        application, host="127.0.0.1", port=port, threads=_THREADS, channel_timeout=_IDLE_S, ident=None
    )


if __name__ == "__main__":
    main()
