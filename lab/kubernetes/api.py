"""As much of a Kubernetes client as the lab's own processes need: objects are plain data, as on the wire.

The official client would do; it takes 80 MB of memory in each process, for models that nobody here needs.
"""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml

Object = dict[str, Any]
Query = dict[str, str]

_WATCH_S = 240
_PAUSE_S = 0.5


class ApiError(Exception):
    """The API server said no, or did not answer (status 0)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status or 'no answer'}: {message}")
        self.status = status


class Api:
    """The API server of a kubeconfig's current context; may be shared by threads."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        context = _named(config["contexts"], config["current-context"])["context"]
        cluster = _named(config["clusters"], context["cluster"])["cluster"]
        self._server: str = cluster["server"]
        self._token: str = _named(config["users"], context["user"])["user"]["token"]
        self.authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._pool = urllib3.PoolManager(ca_cert_data=self.authority, maxsize=12, retries=False)

    def get(self, path: str, query: Query | None = None, wait_s: float = 10.0) -> Object:
        """An object or a list of objects.

        :raises ApiError: if there is none, or no answer within `wait_s`
        """
        return self._answer("GET", path, None, "application/json", wait_s, query or {})

    def post(self, path: str, body: Object) -> Object:
        """Make an object, or ask what is asked by POST.

        :raises ApiError: with 409 if there is one of that name
        """
        return self._answer("POST", path, body, "application/json", 10.0, {})

    def patch(self, path: str, body: Object) -> Object:
        """Merge into an object, lists by their keys.

        :raises ApiError: with 404 if there is none
        """
        return self._answer("PATCH", path, body, "application/strategic-merge-patch+json", 10.0, {})

    def have(self, path: str, body: Object) -> Object:
        """Have an object as `body` says, whether there is one or not.

        Not by server-side apply: at 1.20, the API server panics at that of an APIService.
        """
        try:
            return self.post(path.rpartition("/")[0], body)
        except ApiError as error:
            if error.status != 409:
                raise
        return self._answer("PATCH", path, body, "application/merge-patch+json", 10.0, {})

    def delete(self, path: str, body: Object | None = None) -> Object:
        """Ask for the deletion of an object.

        :raises ApiError: with 404 if there is none
        """
        return self._answer("DELETE", path, body, "application/json", 10.0, {})

    def changes(self, path: str, query: Query | None = None) -> Iterator[tuple[str, list[Object]]]:
        """("LISTED", all) at first and after each gap, then ("ADDED" | "MODIFIED" | "DELETED", [one]).

        Never ends: while the API server is away it is asked again.
        """
        while True:
            try:
                listed = self.get(path, query)
                yield "LISTED", listed["items"]
                yield from self._watched(path, listed["metadata"]["resourceVersion"], query or {})
            except ApiError:
                time.sleep(_PAUSE_S)

    def _watched(self, path: str, version: str, query: Query) -> Iterator[tuple[str, list[Object]]]:
        fields = query | {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(_WATCH_S)}
        try:
            answer = self._request(
                "GET", path, None, "application/json", _WATCH_S + 30.0, fields, stream=True
            )
            rest = b""
            for part in answer.stream(65536):
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":  # such as 410: too old a version
                        return
                    yield event["type"], [event["object"]]
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise ApiError(0, str(error)) from error

    def _answer(
        self, method: str, path: str, body: Object | None, kind: str, wait_s: float, query: Query
    ) -> Object:
        try:
            answer = self._request(method, path, body, kind, wait_s, query)
        except urllib3.exceptions.HTTPError as error:
            raise ApiError(0, str(error)) from error
        found: Object = json.loads(answer.data) if answer.data[:1] == b"{" else {"text": answer.data.decode()}
        if answer.status >= 300:
            raise ApiError(answer.status, str(found.get("message") or found))
        return found

    def _request(
        self,
        method: str,
        path: str,
        body: Object | None,
        kind: str,
        wait_s: float,
        query: Query,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        return self._pool.request(
            method,
            self._server + path + ("?" + urlencode(query) if query else ""),
            body=json.dumps(body) if body is not None else None,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": kind},
            timeout=urllib3.Timeout(connect=5.0, read=wait_s),
            preload_content=not stream,
        )


def _named(entries: list[Object], name: str) -> Object:
    return next(entry for entry in entries if entry["name"] == name)
