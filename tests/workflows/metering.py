"""What a test says is measured: an exporter over HTTP, with the instances that the catalogue has."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from catalogue.store import Catalogue
from domain.phases import ServiceState
from monitoring import exposition as names


class Meters:
    """Serves /instances: each component's instances use so much of one processor."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.cpu: dict[str, float] = {}
        """Component -> cores in use by each instance; one that is not here is at 0.5."""
        self.ill: dict[str, str] = {}
        """Instance -> what is wrong with it."""
        self.away = False
        self.asked = 0

    def exposition(self) -> str:
        """In the text format of Prometheus."""
        lines: list[str] = []
        for record in self._catalogue.services.list():
            deployment = self._catalogue.services.deployment(record.name)
            if record.state is not ServiceState.ACTIVE or deployment is None:
                continue
            for each in deployment.instances:
                labels = dict(
                    zip(
                        names.INSTANCE_LABELS,
                        (record.name, each.component, each.name, each.pop, record.tenant),
                        strict=True,
                    )
                )
                lines += self._lines(each.component, each.name, labels)
        return "\n".join(lines) + "\n"

    def _lines(self, component: str, instance: str, labels: Mapping[str, str]) -> Iterator[str]:
        written = ",".join(f"{key}={json.dumps(value)}" for key, value in labels.items())
        ailment = self.ill.get(instance)
        yield f"{names.UP}{{{written}}} {0 if ailment else 1}"
        yield f"{names.OBSERVED}{{{written}}} {time.time():.3f}"
        yield f"{names.VCPUS}{{{written}}} 1"
        yield f"{names.CPU_CORES}{{{written}}} {self.cpu.get(component, 0.5)}"
        if ailment:
            yield f'{names.GAP}_info{{{written},{names.REASON}="not healthy: {ailment}"}} 1'


@contextmanager
def metering(catalogue: Catalogue) -> Iterator[tuple[str, Meters]]:
    """Serve for as long as this lasts; gives the URL, too."""
    meters = Meters(catalogue)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            meters.asked += 1
            if meters.away:
                self.send_error(503, "the exporter is away")
                return
            body = meters.exposition().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", meters
    finally:
        server.shutdown()
        server.server_close()
