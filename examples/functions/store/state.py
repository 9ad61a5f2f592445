#!/usr/bin/env python3
"""Have the running store write its data to INTERLACE_STATE, or take over what is there: export or import."""

import os
import socket
import sys
from pathlib import Path

try:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(Path(os.environ["INTERLACE_DIR"]) / "control.sock"))
        connection.sendall(f"{sys.argv[1]} {os.environ['INTERLACE_STATE']}\n".encode())
        answer = connection.makefile().read().strip()
except OSError as error:
    sys.exit(f"the store does not answer: {error.strerror}")
if not answer or answer.startswith("error"):
    sys.exit(answer or "the store ended without an answer")
print(answer)
