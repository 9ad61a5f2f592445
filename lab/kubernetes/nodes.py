"""Nodes that are not there: `python -m lab.kubernetes.nodes` speaks for their kubelets to the API server."""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from lab.kubernetes.api import Api, ApiError, Object
from lab.kubernetes.containers import timestamp
from lab.kubernetes.kubelet import Kubelet
from lab.kubernetes.tasks import run_for_ever

_CAPACITY = {"cpu": "8", "memory": "16Gi", "ephemeral-storage": "100Gi", "pods": "110"}
_BEAT_S = 8.0
_LEASE_S = 40
_ZONES = ("zone-a", "zone-b", "zone-c")


class Node:
    """One node: registers, and renews its lease."""

    def __init__(self, api: Api, number: int) -> None:
        self.name = f"lab-{number}"
        self.network = f"10.244.{number}"
        self.host = f"192.0.2.{10 + number}"
        self._api = api
        self._zone = _ZONES[(number - 1) % len(_ZONES)]

    def register(self) -> None:
        """Have the node as an object of the API, Ready."""
        labels = {
            "kubernetes.io/hostname": self.name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node.kubernetes.io/instance-type": "lab",
            "topology.kubernetes.io/region": "lab",
            "topology.kubernetes.io/zone": self._zone,
        }
        node = {
            "metadata": {"name": self.name, "labels": labels},
            "spec": {"podCIDR": f"{self.network}.0/24"},
        }
        self._api.have(f"/api/v1/nodes/{self.name}", node)
        self._beat()

    def keep_beating(self) -> None:
        """Renew the node's lease for ever."""
        while True:
            try:
                self._beat()
            except ApiError as error:
                print(f"{self.name}: {error}")
            time.sleep(_BEAT_S)

    def _beat(self) -> None:
        now = datetime.now(UTC)
        spec = {"holderIdentity": self.name, "leaseDurationSeconds": _LEASE_S}
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.name},
            "spec": spec | {"renewTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")},
        }
        space = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        self._api.patch(f"/api/v1/nodes/{self.name}/status", {"status": self._status(now.timestamp())})
        self._api.have(f"{space}/{self.name}", lease)

    def _status(self, now: float) -> Object:
        facts = {"Ready": "True", "MemoryPressure": "False", "DiskPressure": "False", "PIDPressure": "False"}
        info = ("machineID", "systemUUID", "bootID", "kernelVersion", "osImage")
        versions = ("containerRuntimeVersion", "kubeletVersion", "kubeProxyVersion")
        return {
            "capacity": _CAPACITY,
            "allocatable": _CAPACITY,
            "addresses": [
                {"type": "InternalIP", "address": self.host},
                {"type": "Hostname", "address": self.name},
            ],
            "nodeInfo": {
                **dict.fromkeys((*info, *versions), "lab"),
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
            "conditions": [
                {
                    "type": kind,
                    "status": status,
                    "reason": f"KubeletSays{kind}",
                    "lastHeartbeatTime": timestamp(now),
                }
                for kind, status in facts.items()
            ],
        }


def main() -> None:
    """Speak for all nodes until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--nodes", type=int, required=True)
    arguments = parser.parse_args()
    api = Api(arguments.kubeconfig)
    nodes = [Node(api, number + 1) for number in range(arguments.nodes)]
    kubelets = [Kubelet(api, node.name, node.host, node.network) for node in nodes]
    for node in nodes:
        node.register()
    run_for_ever(
        *(node.keep_beating for node in nodes),
        *(kubelet.keep_watching for kubelet in kubelets),
        *(kubelet.keep_telling for kubelet in kubelets),
    )


if __name__ == "__main__":
    main()
