"""The connection to one cluster: one of each context and process, shared by all threads.

Objects go over it as plain dictionaries: the client library's generated models cost more to import than most
calls take, and cannot be applied by the server. Of that library we use what reads the kubeconfig, renews
credentials and builds the pool of connections.
"""

import json
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from adaptors.vim.kubernetes.calls import ApiError, Denied, Refusal, Unreachable
from adaptors.vim.kubernetes.turns import Turns
from adaptors.vim.loading import ONE_AT_A_TIME

Object = dict[str, Any]
T = TypeVar("T")

THREADS = 32
CONNECT_S = 5.0
_USUAL_PLACE = "~/.kube/config"


@dataclass(frozen=True)
class Request:
    """One call to the API server."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    media: str = "application/json"
    """The type of the body; where there is none, of the answer."""
    timeout_s: float = 10.0


class Connection:
    """Speaks to the API server of one context of a kubeconfig."""

    def __init__(self, kubeconfig: str, context: str) -> None:
        self.context = context
        self._kubeconfig = kubeconfig
        self._lock = threading.Lock()
        self._configuration, self._rest = self._configured()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"kubernetes-{context}")
        self._versions: dict[str, list[str]] | None = None
        self._sharing = threading.Lock()
        self._under_way: dict[str, Future[Any]] = {}
        self.turns = Turns()

    def submit(self, call: Callable[[], T]) -> "Future[T]":
        """Let another thread make a call; who submitted it may stop waiting for it."""
        return self._threads.submit(call)

    def share(self, asked: Request) -> "Future[Object]":
        """Let another thread make a call; who asks just the same while it is under way shares its answer."""
        question = json.dumps([asked.method, asked.path, asked.body], sort_keys=True)
        with self._sharing:
            known = self._under_way.get(question)
            if known is not None:
                return known
            made = self._under_way[question] = self._threads.submit(self.request, asked)
        made.add_done_callback(lambda _: self._under_way.pop(question, None))
        return made

    def request(self, asked: Request) -> Object:
        """One call, answered with an object.

        :raises ApiError: the server answered with an error
        :raises Unreachable: it did not answer, or not in time
        :raises Denied: the credential cannot be used
        """
        response = self._authorized(asked)
        if 200 <= response.status < 300:
            return _parsed(response.data)
        raise error_of(response.status, response.reason or "", response.headers, response.data)

    def events(self, asked: Request) -> Generator[Object, None, None]:
        """The events of a watch, until the server ends it; raises as `request`."""
        response = self._authorized(asked, whole=False)
        try:
            if response.status != 200:
                raise error_of(response.status, response.reason or "", response.headers, response.data)
            yield from _lines(response)
        finally:
            response.close()

    @property
    def discovered(self) -> bool:
        """Whether the server's API groups are known."""
        return self._versions is not None

    def discover(self, timeout_s: float) -> None:
        """Ask the server for its API groups."""
        found = self.request(Request("GET", "/apis", timeout_s=timeout_s))
        self._versions = {
            each["name"]: [version["version"] for version in each["versions"]] for each in found["groups"]
        }

    def version(self, group: str, known: tuple[str, ...]) -> str:
        """The first of the versions of an API group that we know which the server has.

        :raises Refusal: if it has none of them
        """
        served = (self._versions or {}).get(group, [])
        fitting = next((version for version in known if version in served), None)
        if fitting is None:
            has = f"serves {', '.join(served)} of it" if served else "serves none of it"
            raise Refusal(f"of the API group {group} we know {', '.join(known)}, and the cluster {has}")
        return fitting

    def _authorized(self, asked: Request, whole: bool = True) -> Any:
        """With a credential that was refused read once more from where it comes: it may have been renewed."""
        token = self._token()
        response = self._sent(asked, whole, token)
        if response.status != 401:
            return response
        renewed = self._renewed(token)
        return response if renewed == token else self._sent(asked, whole, renewed)

    def _sent(self, asked: Request, whole: bool, token: str | None) -> Any:
        import urllib3

        url = f"{self._configuration.host}{asked.path}"
        data = None if asked.body is None else json.dumps(asked.body).encode()
        try:
            return self._rest.pool_manager.request(
                asked.method,
                f"{url}?{urlencode(asked.query)}" if asked.query else url,
                body=data,
                headers=_headers(asked, token),
                timeout=urllib3.Timeout(connect=min(CONNECT_S, asked.timeout_s), read=asked.timeout_s),
                retries=False,
                preload_content=whole,
            )
        except urllib3.exceptions.HTTPError as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error

    def _token(self) -> str | None:
        """The header that says who we are; the library runs what renews an expiring one."""
        with self._lock:
            value: str | None = self._configuration.get_api_key_with_prefix("BearerToken")
            return value

    def _renewed(self, token: str | None) -> str | None:
        with self._lock:
            current: str | None = self._configuration.get_api_key_with_prefix("BearerToken")
            if current != token:
                return current
            self._configuration, self._rest = self._configured()
        return self._token()

    def _configured(self) -> tuple[Any, Any]:
        with ONE_AT_A_TIME:
            import urllib3
            from kubernetes.client.configuration import Configuration
            from kubernetes.client.rest import RESTClientObject
            from kubernetes.config import ConfigException, load_kube_config

        configuration = Configuration()
        configuration.connection_pool_maxsize = THREADS + 1
        try:
            read: Callable[..., None] = load_kube_config
            read(self._kubeconfig, self.context, configuration, persist_config=False)
            return configuration, RESTClientObject(configuration)
        except (ConfigException, OSError, ValueError, TypeError, urllib3.exceptions.HTTPError) as error:
            raise Denied(f"kubeconfig {self._kubeconfig} cannot be used: {error}") from error


_connections: dict[tuple[str, str], tuple[tuple[int, ...], Connection]] = {}
_opening = threading.Lock()


def connection_to(context: str) -> Connection:
    """The process's connection to a context, made anew where its kubeconfig has changed.

    :raises Denied: if the kubeconfig has no such context, or cannot be read
    """
    kubeconfig = os.environ.get("KUBECONFIG") or _USUAL_PLACE
    written = tuple(_written(Path(each).expanduser()) for each in kubeconfig.split(os.pathsep) if each)
    with _opening:
        known = _connections.get((kubeconfig, context))
        if known is not None and known[0] == written:
            return known[1]
        if not any(written):
            raise Denied(f"there is no kubeconfig {kubeconfig}; KUBECONFIG names another")
        made = Connection(kubeconfig, context)
        _connections[kubeconfig, context] = written, made
        return made


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _headers(asked: Request, token: str | None) -> dict[str, str]:
    plain = "application/json"
    accepted = asked.media if asked.body is None else plain
    headers = {"Accept": accepted, "User-Agent": "interlace"}
    if asked.body is not None:
        headers["Content-Type"] = asked.media
    return headers | ({"Authorization": token} if token else {})


def error_of(status: int, reason: str, headers: Mapping[str, str], data: bytes) -> ApiError:
    """What an answer that is an error says; not all that stand before an API server speak its language."""
    try:
        said = json.loads(data)
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        said = {}
    details = said.get("details") or {}
    causes = tuple(
        (each.get("reason", ""), each.get("field", ""), each.get("message", ""))
        for each in details.get("causes") or ()
    )
    words = said.get("message") or f"{status} {reason}".strip()
    after = headers.get("Retry-After") or str(details.get("retryAfterSeconds") or "")
    return ApiError(status, said.get("reason", reason), words, causes, _seconds(after))


def _seconds(text: str) -> float | None:
    return float(text) if text.isdigit() else None


def _parsed(data: bytes) -> Object:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise Unreachable(f"the answer is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Unreachable("the answer is no object")
    return found


def _lines(response: Any) -> Iterator[Object]:
    import urllib3

    rest = b""
    try:
        for chunk in response.stream(65536, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (_parsed(line) for line in lines if line)
    except urllib3.exceptions.HTTPError as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error


def rest_until(moment: float) -> None:
    """Sleep until a moment of the monotonic clock."""
    time.sleep(max(0.0, moment - time.monotonic()))
