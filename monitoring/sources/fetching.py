"""Asking over HTTP with httpx: a time limit, a second try, a bound on the answer; failures in words."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple, TypeVar

import httpx

T = TypeVar("T")

_TRIES = 2
_PAUSE_S = 0.3
_SHOWN = 300
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

    def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """What is at a path.

        :raises Away: where no answer comes, or one that is too large
        """
        return self._asked(lambda: self._client.build_request("GET", self._url + path, params=dict(query)))

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """What a form is answered with; asked again where the first try fails, so it must only read.

        :raises Away: where no answer comes, or one that is too large
        """
        return self._asked(lambda: self._client.build_request("POST", self._url + path, data=dict(form)))

    def away(self, words: str) -> Away:
        """What is raised where an answer is not what it should be."""
        return Away(f"{self._name}: {words}")

    def close(self) -> None:
        self._client.close()

    def _asked(self, request: Callable[[], httpx.Request]) -> Answer:
        for tries_left in reversed(range(_TRIES)):
            try:
                answer = self._once(request())
                if answer.status not in _AGAIN or not tries_left:
                    return answer
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if not tries_left or isinstance(error, httpx.InvalidURL):
                    raise self.away(f"no answer: {error or type(error).__name__}") from None
            time.sleep(_PAUSE_S)
        raise AssertionError("the last try returns or raises")

    def _once(self, request: httpx.Request) -> Answer:
        response = self._client.send(request, stream=True)
        try:
            content = bytearray()
            for piece in response.iter_bytes():
                content += piece
                if len(content) > self._largest:
                    raise self.away(f"its answer is larger than {self._largest // 2**20} MiB")
        finally:
            response.close()
        return Answer(response.status_code, content.decode(errors="replace"))


class Shared(Generic[T]):
    """Answers that several ask for at nearly the same time: fetched once."""

    def __init__(self, fresh_s: float) -> None:
        self._fresh_s = fresh_s
        self._kept: dict[str, tuple[float, T]] = {}
        self._locks: dict[str, threading.Lock] = {}

    def get(self, key: str, fetch: Callable[[], T]) -> T:
        """What was fetched under a key a moment ago, else what is fetched now."""
        with self._locks.setdefault(key, threading.Lock()):
            at, value = self._kept.get(key, (float("-inf"), None))
            if value is None or time.monotonic() - at > self._fresh_s:
                value = fetch()
                self._kept[key] = time.monotonic(), value
            return value
