"""The metrics of the vocabulary in PromQL. Pure."""

from collections.abc import Collection

from monitoring import exposition as names

METRIC = "metric"
"""The label that tells which metric a series of the answer is."""
OBSERVED = "observed"
UP = "up"
GAPS = "gaps"
CUSTOM = "custom"
"""Its series carry their own names."""

_BY = ", ".join(names.INSTANCE_LABELS)
_CHAIN_BY = ", ".join(names.CHAIN_LABELS)


def query(service: str | None, window_s: float, more: Collection[str] = ()) -> str:
    """One query for all metrics of a service, or of all services: each series says by `metric` what it is.

    :param window_s: over which rates are taken; four intervals of the scrapes is usual
    :param more: names of series of the user's own
    """
    which = "" if service is None else f'service="{_escaped(service)}"'
    parts = _Parts(which, f"{max(1, round(window_s))}s")
    found = {**parts.instances(), **parts.chains()}
    named = [f'label_replace({text}, "{METRIC}", "{metric}", "", "")' for metric, text in found.items()]
    custom = "|".join([f"{names.CUSTOM_PREFIX}.+", *map(_escaped, more)])
    own = _selector("", which, 'component!=""', f'__name__=~"{custom}"')
    return " or ".join([*named, f'label_replace({own}, "{METRIC}", "{CUSTOM}", "", "")'])


class _Parts:
    """The queries for single metrics, of what is chosen, over one window."""

    def __init__(self, which: str, window: str) -> None:
        self._which = which
        self._window = window

    def instances(self) -> dict[str, str]:
        """Metric -> query."""
        duration = names.DURATION
        took, counted = self._rate(f"{duration}_sum"), self._rate(f"{duration}_count")
        p95 = f"histogram_quantile(0.95, {self._rate(f'{duration}_bucket', f'{_BY}, le')})"
        drops = f"({self._counter(names.RECEIVED_DROPS)} + {self._counter(names.SENT_DROPS)})"
        vcpus = self._gauge(names.VCPUS)
        cores = f"({self._counter(names.CPU_SECONDS)} or {self._gauge(names.CPU_CORES)})"
        return {
            OBSERVED: self._gauge(names.OBSERVED),
            UP: self._gauge(names.UP),
            GAPS: self._chosen(f"{names.GAP}_info"),
            "cpu": f"({cores} / {vcpus})",
            "memory_mib": f"({self._gauge(names.MEMORY)} / 1048576)",
            "rx_mbps": f"({self._counter(names.RECEIVED_BYTES)} * 8e-6)",
            "tx_mbps": f"({self._counter(names.SENT_BYTES)} * 8e-6)",
            "rx_packets_per_s": self._counter(names.RECEIVED_PACKETS),
            "tx_packets_per_s": self._counter(names.SENT_PACKETS),
            "drops_per_s": drops,
            "connections": self._gauge(names.CONNECTIONS),
            "requests_per_s": self._counter(names.REQUESTS),
            "errors_per_s": self._counter(names.ERRORS),
            "latency_ms": f"(1e3 * ({took} / ({counted} > 0) or {self._gauge(names.LATENCY)}))",
            "latency_p95_ms": f"(1e3 * ({p95} >= 0 or {self._gauge(names.LATENCY_P95)}))",
        }

    def chains(self) -> dict[str, str]:
        """Metric -> query."""
        return {
            "chain_latency_ms": f"(1e3 * {self._chain(names.CHAIN_LATENCY)})",
            "chain_loss": self._chain(names.CHAIN_LOSS),
            "chain_mbps": f"(1e-6 * {self._chain(names.CHAIN_RATE)})",
        }

    def _chosen(self, name: str) -> str:
        return _selector(name, self._which)

    def _gauge(self, name: str) -> str:
        return f"max by ({_BY}) ({self._chosen(name)})"

    def _counter(self, name: str) -> str:
        return self._rate(names.counter(name))

    def _rate(self, name: str, by: str = _BY) -> str:
        return f"sum by ({by}) (rate({self._chosen(name)}[{self._window}]))"

    def _chain(self, name: str) -> str:
        return f"max by ({_CHAIN_BY}) ({self._chosen(name)})"


def _selector(name: str, *matchers: str) -> str:
    return f"{name}{{{', '.join(filter(None, matchers))}}}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
