#!/usr/bin/env python3
"""A key-value store over TCP. One command a line, one line of answer:

PING · GET key · SET key value · INCR key · DEL key · KEYS [prefix] · AUTH password

Answers are PONG, OK, `VALUE ...`, NONE, `KEYS ...` or `ERROR ...`. Where STORE_PASSWORD or
DATABASE_PASSWORD is set, a connection begins with AUTH.
"""

import asyncio
import contextlib
import hmac
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from log import Log  # type: ignore[import-not-found]

LONGEST_LINE = 1024 * 1024
IDLE_TIMEOUT = 300.0


class Store:
    def __init__(self, directory: Path) -> None:
        self.port = configured_port()
        self.log = Log(directory / "store.log")
        self.password = os.environ.get("STORE_PASSWORD") or os.environ.get("DATABASE_PASSWORD") or ""
        self.counts: Counter[str] = Counter()
        self.control = directory / "control.sock"
        self.server: asyncio.Server | None = None
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
                if words[0].upper() == "AUTH":
                    known = hmac.compare_digest(" ".join(words[1:]).encode(), self.password.encode())
                    answer = "OK" if known else "ERROR wrong password"
                else:
                    answer = self.answer(words) if known else "ERROR say AUTH and the password first"
                writer.write(answer.encode() + b"\n")
                await writer.drain()
        writer.close()

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

    async def told(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a word from tell.py."""
        word = (await reader.readline()).decode().strip()
        if word == "drain" and self.server:
            self.server.close()  # each command is done at once: none is in flight
        answer = f"{len(self.log.data)} keys"
        if word == "report":
            answer = json.dumps({"keys": len(self.log.data), "commands": self.counts})
        elif word == "reload" and configured_port() != self.port:
            answer = f"error: the port cannot change while it runs (now {self.port})"
        writer.write(f"{answer}\n".encode())
        writer.close()


def configured_port() -> int:
    return int(json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())["port"])


if __name__ == "__main__":
    try:
        asyncio.run(Store(Path(os.environ["INTERLACE_DIR"])).run())
    except (OSError, ValueError) as error:
        sys.exit(f"store: {error}")
    except KeyboardInterrupt:
        pass
