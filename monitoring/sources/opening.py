"""Which source a URL means."""

from collections.abc import Collection

from domain.errors import InputError
from monitoring.sources.direct import DirectSource
from monitoring.sources.port import MetricsSource
from monitoring.sources.prometheus import PrometheusSource

PREFIX = "prometheus+"


def open_source(
    url: str,
    credential: str | None = None,
    window_s: float = 60.0,
    together: bool = False,
    more: Collection[str] = (),
) -> MetricsSource:
    """`prometheus+http://HOST:9090` is a Prometheus, `http://HOST:9464` an exporter of ours.

    :param credential: the name of one, for a Prometheus that asks for it
    :param window_s: of the rates that Prometheus takes
    :param together: for who asks of many services, one after the other
    :param more: names of series of the user's own, for a Prometheus
    :raises InputError: where it is neither
    """
    bare = url.removeprefix(PREFIX)
    if not bare.startswith(("http://", "https://")) or not bare.partition("://")[2].strip("/"):
        raise InputError(
            f"metrics source {url!r}: it must be like http://127.0.0.1:9464 (the exporter of `interlace"
            " metrics serve`) or prometheus+http://127.0.0.1:9090 (a Prometheus)"
        )
    if url.startswith(PREFIX):
        return PrometheusSource(bare, credential, window_s, together, more)
    return DirectSource(bare, together, first_window_s=0.0 if together else 2.0)
