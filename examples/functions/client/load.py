#!/usr/bin/env python3
"""Ask a URL at a steady rate; keep count of what came of it, and of how long it took."""

import json
import os
import socketserver
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, deque
from pathlib import Path
from typing import Any

PERCENTILES = (50, 90, 99)
KEPT = 10_000
"""The latest requests, of which percentiles are told."""


def config() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())
    if found["url"] and not found["url"].startswith(("http://", "https://")):
        raise ValueError(f"url must be like http://10.0.0.1/, not {found['url']!r}")
    if found["rate"] <= 0 or found["connections"] < 1:
        raise ValueError("rate and connections must be greater than 0")
    return found


class Load:
    """Threads that take turns: each request has its moment, and one that is late does not delay the rest."""

    def __init__(self) -> None:
        self.config = config()
        self.ok = self.in_flight = 0
        self.failed: Counter[str] = Counter()
        self.latencies: deque[float] = deque(maxlen=KEPT)
        self.changed = threading.Condition()
        self.next = time.monotonic()
        self.threads = 0
        self.stopped = False
        self.grow()

    def grow(self) -> None:
        for number in range(self.threads, self.config["connections"]):
            threading.Thread(target=self.work, args=(number,), daemon=True).start()
            self.threads = number + 1

    def work(self, number: int) -> None:
        while url := self.turn(number):
            began = time.monotonic()
            failure = self.asked(url)
            with self.changed:
                self.in_flight -= 1
                if failure:
                    self.failed[failure] += 1
                else:
                    self.ok += 1
                    self.latencies.append((time.monotonic() - began) * 1000)
                self.changed.notify_all()

    def turn(self, number: int) -> str:
        """Wait for the next moment; the URL then, or nothing at the end."""
        with self.changed:
            while not self.stopped:
                wait = self.next - time.monotonic()
                if not self.config["url"] or number >= self.config["connections"]:
                    self.changed.wait()
                elif wait > 0:
                    self.changed.wait(wait)
                else:
                    # What could not be asked in its second is left out, not made up for.
                    self.next = max(self.next, time.monotonic() - 1) + 1 / self.config["rate"]
                    self.in_flight += 1
                    return str(self.config["url"])
        return ""

    def asked(self, url: str) -> str | None:
        """What a request failed of, if it did."""
        try:
            with urllib.request.urlopen(url, timeout=self.config["timeout"]) as response:
                response.read()
        except urllib.error.HTTPError as error:
            return f"status {error.code}"
        except urllib.error.URLError as error:
            return str(error.reason)
        except Exception as error:
            return str(error) or type(error).__name__
        return None

    def check(self) -> str:
        return f"{self.ok} requests answered, {self.failed.total()} failed"

    def reload(self) -> str:
        with self.changed:
            self.config = config()
            self.next = time.monotonic()
            self.changed.notify_all()
        self.grow()
        return "ok"

    def drain(self) -> str:
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.in_flight == 0)
        return "ok"

    def report(self) -> str:
        with self.changed:
            taken = sorted(self.latencies)
            failed = dict(self.failed)
        latency = {f"p{p}": round(taken[(len(taken) - 1) * p // 100], 3) for p in PERCENTILES if taken}
        numbers = {"requests": self.ok + sum(failed.values()), "ok": self.ok, "failed": sum(failed.values())}
        return json.dumps({**numbers, "latency_ms": latency, "failures": failed})


def main() -> None:
    load = Load()

    class Control(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            word = self.rfile.readline().decode().strip()
            try:
                answer = getattr(load, word)()
            except ValueError as error:
                answer = f"error: {error}"
            self.wfile.write(f"{answer}\n".encode())

    control = Path(os.environ["INTERLACE_DIR"]) / "control.sock"
    control.unlink(missing_ok=True)
    socketserver.ThreadingUnixStreamServer(str(control), Control).serve_forever()


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"client: {error}")
    except KeyboardInterrupt:
        pass
