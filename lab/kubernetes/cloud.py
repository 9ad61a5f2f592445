"""`python -m lab.kubernetes.cloud`: what a cloud adds to a cluster, and a webhook that refuses."""

import argparse
import base64
import json
import ssl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from lab.kubernetes import disks, metrics, webhook
from lab.kubernetes.api import Api, ApiError, Object
from lab.kubernetes.balancers import Balancers
from lab.kubernetes.tasks import run_for_ever


class Server(ThreadingHTTPServer):
    """Answers the API server alone, on 127.0.0.1 and over TLS."""

    daemon_threads = True

    def __init__(self, api: Api, port: int, certificate: Path, key: Path) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.api = api
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake is each connection's own affair: one that says nothing must not hold up the others.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class Handler(BaseHTTPRequestHandler):
    """One request: GET for metrics, POST for the webhook."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """Metrics of pods."""
        url = urlparse(self.path)
        selector = parse_qs(url.query).get("labelSelector", [""])[0]
        try:
            self._say(metrics.answer(self.server.api, url.path, selector))
        except ApiError as error:
            self._say({"kind": "Status", "status": "Failure", "code": 503, "message": str(error)}, 503)

    def do_POST(self) -> None:
        """A review of an object."""
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = urlparse(self.path).path.strip("/")
        self._say(webhook.answer(name, review) if name in webhook.NAMES else None)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not written down."""

    def _say(self, found: Object | None, code: int = 200) -> None:
        if found is None:
            code, found = 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}
        data = json.dumps(found).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def register(api: Api, port: int) -> None:
    """Have the objects by which the API server knows of all this.

    :raises ApiError: if it refuses one
    """
    authority = base64.b64encode(api.authority.encode()).decode()
    hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/lab"
    services = "/api/v1/namespaces/kube-system/services"
    groups = "/apis/apiregistration.k8s.io/v1/apiservices"
    api.have(f"/apis/storage.k8s.io/v1/storageclasses/{disks.CLASS}", disks.storage_class())
    api.have(hooks, webhook.configuration(f"https://127.0.0.1:{port}", authority))
    api.have(f"{services}/lab-metrics", metrics.service(port))
    api.have(f"{groups}/v1beta1.{metrics.GROUP}", metrics.registration(port))


def main() -> None:
    """Register, then serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--kubeconfig", "--certificate", "--key"):
        parser.add_argument(name, type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    api = Api(arguments.kubeconfig)
    server = Server(api, arguments.port, arguments.certificate, arguments.key)
    register(api, arguments.port)
    disk_tasks = (lambda: disks.provide(api), lambda: disks.reclaim(api))
    run_for_ever(server.serve_forever, Balancers(api).run, *disk_tasks)


if __name__ == "__main__":
    main()
