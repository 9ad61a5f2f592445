#!/usr/bin/env python3
"""Say one word to the instance's process through its socket, and print what it answers."""

import os
import socket
import sys

word = sys.argv[1]
if word == "reload" and os.environ.get("INTERLACE_RUNNING") != "1":
    sys.exit()  # not started yet: it reads its config then
try:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(f"{os.environ['INTERLACE_DIR']}/control.sock")
        connection.sendall(f"{word}\n".encode())
        answer = connection.makefile().read().strip()
except OSError as error:
    sys.exit(f"the process does not answer: {error.strerror}")
if not answer or answer.startswith("error"):
    sys.exit(answer or "the process ended without an answer")
print(answer)
