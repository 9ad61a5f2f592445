"""What Prometheus is to scrape, in the JSON of its HTTP service discovery."""

import json
from collections.abc import Mapping
from pathlib import Path

from workers.exporter.census import Watched
from workers.telemetry import listening


def targets(services: Mapping[str, Watched], here: str, home: Path) -> bytes:
    """A target for each service, one for Interlace itself, and two for each worker of this state directory.

    :param here: host:port under which the asker reached us, and so can scrape us
    """
    found = [_group(here, "/metrics", {"interlace": "catalogue"})]
    found += [
        _group(here, "/instances", {"interlace": "service", "service": name, "tenant": each.tenant}, name)
        for name, each in sorted(services.items())
    ]
    for worker in listening(home):
        label = {"interlace": "worker", "worker": str(worker.process.pid)}
        found += [_group(worker.metrics, "/metrics", label)]
        found += [_group(worker.temporal, "/metrics", {**label, "interlace": "temporal-sdk"})]
    return json.dumps(found, indent=1).encode()


def _group(
    target: str, path: str, labels: Mapping[str, str], service: str | None = None
) -> dict[str, object]:
    asked = {"__param_service": service} if service is not None else {}
    return {"targets": [target], "labels": {"__metrics_path__": path, **asked, **labels}}
