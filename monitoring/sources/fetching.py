"""Asking over HTTP with httpx: a time limit, a second try, a bound on the answer; failures in words."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Generic, NamedTuple, TypeVar

import httpx

T = TypeVar("T")

_TRIES = 2
_PAUSE_S = 0.3
_SHOWN = 300
_LONGEST = 2**20
_AGAIN = (429, 502, 503, 504)


class Away(Exception):
    """What was asked could not be had; the words say of whom, and why."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    text: str

    def words(self) -> str:
        """Its beginning, on one line."""
        return " ".join(self.text.split())[:_SHOWN] or "nothing"


class Fetcher:
    """Asks one server; safe to share between threads."""

    def __init__(
        self, name: str, url: str, timeout_s: float, largest: int, headers: Mapping[str, str] | None = None
    ) -> None:
        self._name = f"{name} at {url}"
        self._url = url.rstrip("/")
        self._largest = largest
        self._client = httpx.Client(timeout=timeout_s, headers=dict(headers or {}), follow_redirects=False)

    def read(self, path: str, query: Mapping[str, str], take: Callable[[Iterator[bytes]], T]) -> T:
        """What is made of the lines at a path as they come; where they break off, of those of a second try.

        :raises Away: where no answer comes, one that is too large, or one whose status is not 200
        :raises ValueError: where a line is of more than 1 MiB
        """

        def taken(status: int, pieces: Iterator[bytes]) -> T:
            if status != 200:
                raise self.away(f"status {status}: {_whole(status, pieces).words()}")
            return take(_lines(pieces))

        return self._asked(
            lambda: self._client.build_request("GET", self._url + path, params=dict(query)), taken
        )

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """What a form is answered with; asked again where the first try fails, so it must only read.

        :raises Away: where no answer comes, or one that is too large
        """
        return self._asked(
            lambda: self._client.build_request("POST", self._url + path, data=dict(form)), _whole
        )

    def away(self, words: str) -> Away:
        """What is raised where an answer is not what it should be."""
        return Away(f"{self._name}: {words}")

    def close(self) -> None:
        self._client.close()

    def _asked(self, request: Callable[[], httpx.Request], take: Callable[[int, Iterator[bytes]], T]) -> T:
        for tries_left in reversed(range(_TRIES)):
            try:
                with closing(self._client.send(request(), stream=True)) as response:
                    if response.status_code not in _AGAIN or not tries_left:
                        return take(response.status_code, self._pieces(response))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if not tries_left or isinstance(error, httpx.InvalidURL):
                    raise self.away(f"no answer: {error or type(error).__name__}") from None
            time.sleep(_PAUSE_S)
        raise AssertionError("the last try returns or raises")

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        size = 0
        for piece in response.iter_bytes():
            size += len(piece)
            if size > self._largest:
                raise self.away(f"its answer is larger than {self._largest // 2**20} MiB")
            yield piece


def _whole(status: int, pieces: Iterator[bytes]) -> Answer:
    content = bytearray()
    for piece in pieces:
        content += piece
    return Answer(status, content.decode(errors="replace"))


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """:raises ValueError: where one of them is longer than any that is meant"""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        if len(rest) > _LONGEST:
            raise ValueError(f"a line of more than {_LONGEST} bytes: {rest[:_SHOWN]!r}")
    yield rest


class Shared(Generic[T]):
    """Answers that several ask for at nearly the same time: fetched once, also where nothing comes of it."""

    def __init__(self, fresh_s: float) -> None:
        self._fresh_s = fresh_s
        self._kept: dict[str, tuple[float, T | Away]] = {}
        self._locks: dict[str, threading.Lock] = {}

    def get(self, key: str, fetch: Callable[[], T]) -> T:
        """What was fetched under a key a moment ago, else what is fetched now.

        :raises Away: as `fetch` did then, or does now
        """
        with self._locks.setdefault(key, threading.Lock()):
            known = self._kept.get(key)
            if known is None or time.monotonic() - known[0] > self._fresh_s:
                found = _outcome(fetch)
                known = self._kept[key] = time.monotonic(), found
        if isinstance(known[1], Away):
            raise Away(str(known[1]))
        return known[1]


def _outcome(fetch: Callable[[], T]) -> T | Away:
    try:
        return fetch()
    except Away as away:
        return away
