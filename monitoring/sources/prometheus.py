"""The source `prometheus`: asks a Prometheus that scrapes the exporter, over its HTTP API."""

import base64
import json
import os
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from domain.errors import InputError
from monitoring import exposition as names
from monitoring.healing import Health
from monitoring.metrics import Sample, Snapshot
from monitoring.sources import promql
from monitoring.sources.chain_samples import by_kind
from monitoring.sources.fetching import Answer, Away, Fetcher, Shared
from monitoring.sources.healths import Told, healths, reasons
from monitoring.sources.readings import moment

_TIMEOUT_S = 10.0
_LARGEST = 32 * 2**20
_NAME = "__name__"

Series = tuple[dict[str, str], float]
"""Labels and the value at one moment."""


class PrometheusSource:
    """Serves the port `MetricsSource`. One query gives all metrics of a service, or of all services."""

    def __init__(
        self,
        url: str,
        credential: str | None = None,
        window_s: float = 60.0,
        together: bool = False,
        more: Collection[str] = (),
    ) -> None:
        """
        :param url: such as http://127.0.0.1:9090, with the path prefix where it has one
        :param credential: the name of one; see `authorization`
        :param window_s: over which rates are taken
        :param together: ask of all services at once: for who asks of many of them, one after the other
        :param more: names of series of the user's own that are asked for too
        :raises InputError: where the credential is not in the environment
        """
        headers = authorization(credential) if credential else {}
        self._fetcher = Fetcher("Prometheus", url, _TIMEOUT_S, _LARGEST, headers)
        self._window_s = window_s
        self._together = together
        self._more = tuple(more)
        self._shared: Shared[Mapping[str, list[Series]]] = Shared(fresh_s=2.0 if together else 0.0)

    def snapshot(self, service: str, at: datetime) -> Snapshot:
        """What Prometheus has of a service at a moment."""
        asked = None if self._together else service
        form = {"query": promql.query(asked, self._window_s, self._more), "time": _stamp(at)}
        try:
            found = self._shared.get(asked or "", lambda: _by_service(self._vector(form)))
        except Away as away:
            return Snapshot(at=at, gaps=(str(away),))
        return _snapshot(service, at, found.get(service, []))

    def prepare(self, service: str) -> None:
        """Prometheus has what was before; its rates are over a window of their own."""

    def history(self, service: str, start: datetime, end: datetime, step_s: float) -> tuple[Snapshot, ...]:
        """What Prometheus had of a service, at each step."""
        query = promql.query(service, self._window_s, self._more)
        form = {"query": query, "start": _stamp(start), "end": _stamp(end), "step": f"{step_s:g}"}
        try:
            moments = self._matrix(form)
        except Away as away:
            return (Snapshot(at=start, gaps=(str(away),)),)
        found = (_snapshot(service, at, series) for at, series in sorted(moments.items()))
        return tuple(found) or (Snapshot(at=start, gaps=(_nothing(service),)),)

    def close(self) -> None:
        """Give back its connections."""
        self._fetcher.close()

    def _vector(self, form: Mapping[str, str]) -> list[Series]:
        try:
            found = self._asked("/api/v1/query", form, "vector")
            return [(dict(each["metric"]), float(each["value"][1])) for each in found]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise self._fetcher.away(f"its answer is no vector: {type(error).__name__}: {error}") from None

    def _matrix(self, form: Mapping[str, str]) -> dict[datetime, list[Series]]:
        moments: dict[datetime, list[Series]] = {}
        try:
            for series in self._asked("/api/v1/query_range", form, "matrix"):
                for unix_s, value in series["values"]:
                    at = datetime.fromtimestamp(float(unix_s), UTC)
                    moments.setdefault(at, []).append((dict(series["metric"]), float(value)))
        except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise self._fetcher.away(f"its answer is no matrix: {type(error).__name__}: {error}") from None
        return moments

    def _asked(self, path: str, form: Mapping[str, str], kind: str) -> list[Any]:
        """The result of a query.

        :raises Away: with Prometheus' own words where it has none
        """
        answer = self._fetcher.post(path, form)
        said = self._said(answer)
        if said.get("status") != "success":
            words = said.get("error", answer.words())
            raise self._fetcher.away(f"{said.get('errorType', answer.status)}: {words}")
        data = said.get("data")
        result = data.get("result") if isinstance(data, dict) and data.get("resultType") == kind else None
        if not isinstance(result, list):
            raise self._fetcher.away(f"its answer is no {kind}: {answer.words()}")
        return result

    def _said(self, answer: Answer) -> dict[str, Any]:
        try:
            said = json.loads(answer.text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise self._fetcher.away(f"status {answer.status}, and no JSON object: {answer.words()}")
        return said


def authorization(credential: str) -> dict[str, str]:
    """The header that a credential stands for; it is in the environment, never in a document.

    INTERLACE_CREDENTIAL_<NAME>_TOKEN is a bearer token; ..._USER and ..._PASSWORD are for basic auth.

    :raises InputError: where neither is there
    """
    prefix = f"INTERLACE_CREDENTIAL_{credential.upper().replace('-', '_')}"
    if token := os.environ.get(f"{prefix}_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    user, password = os.environ.get(f"{prefix}_USER"), os.environ.get(f"{prefix}_PASSWORD")
    if user is None or password is None:
        raise InputError(
            f"credential {credential}: the environment has neither {prefix}_TOKEN nor {prefix}_USER and"
            f" {prefix}_PASSWORD"
        )
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


def _by_service(found: list[Series]) -> dict[str, list[Series]]:
    services: dict[str, list[Series]] = {}
    for labels, value in found:
        services.setdefault(labels.get("service", ""), []).append((labels, value))
    return services


def _snapshot(service: str, at: datetime, found: list[Series]) -> Snapshot:
    observed = (each for each in found if each[0].get(promql.METRIC) == promql.OBSERVED)
    seen = {_instance(labels): moment(value) for labels, value in observed}
    gaps = sorted({_gap(labels) for labels, _ in found if labels.get(promql.METRIC) == promql.GAPS})
    if not seen:
        gaps.append(_nothing(service))
    samples = [sample for labels, value in found for sample in _samples(labels, value, at, seen)]
    return Snapshot(at=at, samples=tuple(by_kind(samples)), health=_health(found, seen), gaps=tuple(gaps))


def _health(found: list[Series], seen: Mapping[str, datetime | None]) -> dict[str, Health]:
    """Of each instance that was looked at."""
    ups = {_instance(labels): up for labels, up in found if labels.get(promql.METRIC) == promql.UP}
    gaps = reasons(labels for labels, _ in found if labels.get(promql.METRIC) == promql.GAPS)
    looked = (labels for labels, _ in found if labels.get(promql.METRIC) == promql.OBSERVED)
    return healths(
        Told.by(labels, ups.get(_instance(labels)), seen[_instance(labels)], gaps) for labels in looked
    )


def _samples(
    labels: Mapping[str, str], value: float, at: datetime, seen: Mapping[str, datetime | None]
) -> Iterator[Sample]:
    """None for what is no figure."""
    metric = labels.get(promql.METRIC, "")
    told = {name: each for name, each in labels.items() if name not in (promql.METRIC, _NAME)}
    if metric in (promql.OBSERVED, promql.UP, promql.GAPS):
        return
    if metric == promql.CUSTOM:
        metric = labels.get(_NAME, "")
    when = seen.get(_instance(labels)) or at
    yield Sample(metric=metric, labels=told, at=min(when, at), value=value)


def _instance(labels: Mapping[str, str]) -> str:
    return "/".join(labels.get(name, "") for name in ("service", "instance", "pop"))


def _gap(labels: Mapping[str, str]) -> str:
    whose = labels.get("instance") or labels.get("service") or "all"
    return f"{whose}: {labels.get(names.REASON, 'no reason given')}"


def _nothing(service: str) -> str:
    return (
        f"{service}: Prometheus has nothing of its instances at that moment: does it scrape what the"
        " exporter's /sd names, with honor_labels: true, and does the exporter run?"
    )


def _stamp(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"
