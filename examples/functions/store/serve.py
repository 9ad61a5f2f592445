#!/usr/bin/env python3
"""A key-value store over TCP. One command a line, one line of answer:

PING · GET key · SET key value · INCR key · DEL key · KEYS [prefix] · AUTH password

Answers are PONG, OK, `VALUE ...`, NONE, `KEYS ...` or `ERROR ...`. Where STORE_PASSWORD or
DATABASE_PASSWORD is set, a connection begins with AUTH.

When its data is copied for a successor, changes are held back for a while: the connection of one that comes
then ends without an answer, and whoever asks again gets it done, here or by the successor. So what was
acknowledged is in the copy.
"""

import asyncio
import contextlib
import hmac
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from log import Log, decoded, encoded  # type: ignore[import-not-found]

LONGEST_LINE = 1024 * 1024
IDLE_TIMEOUT = 300.0
CHANGES = ("SET", "INCR", "DEL")
HELD_S = 5.0
"""How long changes are held back after a copy: by then the successor serves, or never will."""
TURN_AWAY_S = 0.3
"""How long one that is held back waits for its connection to end."""
COPY = "store.log"


class Store:
    def __init__(self, directory: Path) -> None:
        self.port = configured_port()
        self.log = Log(directory / "store.log")
        self.password = os.environ.get("STORE_PASSWORD") or os.environ.get("DATABASE_PASSWORD") or ""
        self.counts: Counter[str] = Counter()
        self.control = directory / "control.sock"
        self.server: asyncio.Server | None = None
        self.held_until = 0.0
        self.commands: dict[str, Callable[[list[str]], str]] = {
            "PING": lambda words: "PONG",
            "GET": self.get,
            "SET": self.set,
            "INCR": self.increment,
            "DEL": self.delete,
            "KEYS": self.keys,
        }

    async def run(self) -> None:
        self.server = await asyncio.start_server(self.connection, None, self.port, limit=LONGEST_LINE)
        self.control.unlink(missing_ok=True)
        async with await asyncio.start_unix_server(self.told, self.control) as server:
            await server.serve_forever()

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        known = not self.password
        with contextlib.suppress(OSError, ValueError):  # gone, silent for long, or a line without end
            while line := await asyncio.wait_for(reader.readline(), IDLE_TIMEOUT):
                words = line.decode(errors="replace").rstrip("\r\n").split(" ", 2)
                if words[0].upper() in CHANGES and self.held():
                    await asyncio.sleep(TURN_AWAY_S)
                    break
                if words[0].upper() == "AUTH":
                    known = hmac.compare_digest(" ".join(words[1:]).encode(), self.password.encode())
                    answer = "OK" if known else "ERROR wrong password"
                else:
                    answer = self.answer(words) if known else "ERROR say AUTH and the password first"
                writer.write(answer.encode() + b"\n")
                await writer.drain()
        writer.close()

    def held(self) -> bool:
        return time.monotonic() < self.held_until

    def answer(self, words: list[str]) -> str:
        name = words[0].upper()
        if name not in self.commands:
            return f"ERROR no command {words[0]!r}; there are {', '.join(self.commands)}"
        self.counts[name] += 1
        try:
            return self.commands[name](words[1:])
        except IndexError:
            return f"ERROR {name} lacks a key or a value"
        except (ValueError, OSError) as error:
            return f"ERROR {error}"

    def get(self, words: list[str]) -> str:
        value = self.log.data.get(words[0])
        return "NONE" if value is None else f"VALUE {value}"

    def set(self, words: list[str]) -> str:
        self.log.write(words[0], words[1])
        return "OK"

    def increment(self, words: list[str]) -> str:
        text = self.log.data.get(words[0], "0")
        if not text.lstrip("-").isdigit():
            raise ValueError(f"{words[0]} is not a number")
        self.log.write(words[0], str(int(text) + 1))
        return f"VALUE {self.log.data[words[0]]}"

    def delete(self, words: list[str]) -> str:
        self.log.write(words[0], None)
        return "OK"

    def keys(self, words: list[str]) -> str:
        prefix = words[0] if words else ""
        return " ".join(["KEYS", *sorted(key for key in self.log.data if key.startswith(prefix))])

    def copied(self, directory: Path) -> str:
        """Write all data down for a successor; nothing changes meanwhile, nor for a while after."""
        self.held_until = time.monotonic() + HELD_S
        (directory / COPY).write_bytes(b"".join(map(encoded, self.log.changes())))
        return f"{len(self.log.data)} keys"

    def taken(self, directory: Path) -> str:
        """Take over what a predecessor wrote down, where it is later than what is here."""
        lines = (directory / COPY).read_bytes().splitlines()
        news = self.log.take(map(decoded, lines))
        return f"{len(self.log.data)} keys, {news} of them new"

    async def told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a word from tell.py, or from state.py."""
        word, _, directory = (await reader.readline()).decode().strip().partition(" ")
        try:
            answer = self.done(word, Path(directory))
        except (OSError, ValueError) as error:
            answer = f"error: {error}"
        writer.write(f"{answer}\n".encode())
        writer.close()

    def done(self, word: str, directory: Path) -> str:
        if word == "drain" and self.server:
            self.server.close()  # each command is done at once: none is in flight
        if word == "report":
            return json.dumps({"keys": len(self.log.data), "commands": self.counts})
        if word == "reload" and configured_port() != self.port:
            return f"error: the port cannot change while it runs (now {self.port})"
        if word in ("export", "import"):
            return self.copied(directory) if word == "export" else self.taken(directory)
        return f"{len(self.log.data)} keys"


def configured_port() -> int:
    return int(json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())["port"])


if __name__ == "__main__":
    try:
        asyncio.run(Store(Path(os.environ["INTERLACE_DIR"])).run())
    except (OSError, ValueError) as error:
        sys.exit(f"store: {error}")
    except KeyboardInterrupt:
        pass
