"""Customers of a shop, run where they are: they ask at a steady rate, and more often once they are told to.

`python bench/customers.py URL`: a line `RATE [NAME ...]` on the standard input is how many requests a second
they make from then on. Where it has names, they tell `answered TIME` (seconds since the epoch) as soon as an
instance has answered that is none of these.
"""

import sys
import threading
import time
import urllib.request

_THREADS = 24
_TIMEOUT_S = 5.0


class Customers:
    """Threads that take turns; each request has its moment."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._turn = threading.Lock()
        self._telling = threading.Lock()
        self._rate = 0.0
        self._next = time.monotonic()
        self._known: list[str] = []

    def ask(self, rate: float, known: list[str]) -> None:
        """So many requests a second from now on; the first answer of one that is not known is told."""
        self._next, self._known, self._rate = time.monotonic(), known, rate

    def work(self) -> None:
        """Ask for ever."""
        while True:
            with self._turn:
                while not self._rate:
                    time.sleep(0.05)
                self._next = max(self._next, time.monotonic() - 0.5) + 1 / self._rate
                wait_s = self._next - time.monotonic()
                if wait_s > 0:
                    time.sleep(wait_s)
            self._once()

    def _once(self) -> None:
        try:
            with urllib.request.urlopen(self._url, timeout=_TIMEOUT_S) as answer:
                said = answer.read().decode()
        except OSError:
            return
        with self._telling:
            known = self._known
            if known and not any(each in said for each in known):
                self._known = []  # told once: of two that ask at the same moment, too
                print(f"answered {time.time():.3f}", flush=True)


def main() -> None:
    """Ask until nobody tells anything any more."""
    customers = Customers(sys.argv[1])
    for _ in range(_THREADS):
        threading.Thread(target=customers.work, daemon=True).start()
    for line in sys.stdin:
        rate, *known = line.split()
        customers.ask(float(rate), known)


if __name__ == "__main__":
    main()
