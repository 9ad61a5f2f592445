"""Nodes that are not there: `python -m lab.kubernetes.nodes` speaks for their kubelets to the API server.

Each node has a kubelet of its own: it registers, renews its lease, and says of its pods what `pods` does.
"""

import argparse
import heapq
import queue
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from lab.kubernetes.api import Api, ApiError, Object
from lab.kubernetes.containers import timestamp
from lab.kubernetes.pods import FAIL, Place, gone_after, over, tell

_CAPACITY = {"cpu": "8", "memory": "16Gi", "ephemeral-storage": "100Gi", "pods": "110"}
_BEAT_S = 8.0
_RETRY_S = 1.0
_TROUBLED = ("ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff")


class Kubelet:
    """Speaks for one node."""

    def __init__(self, api: Api, number: int) -> None:
        self.name = f"lab-{number}"
        self._api = api
        self._network = f"10.244.{number}"
        self._host = f"192.0.2.{10 + number}"
        self._zone = f"zone-{'abcdefgh'[(number - 1) % 8]}"
        self._pods: dict[str, Object] = {}
        self._addresses: dict[str, str] = {}
        self._begun: dict[str, tuple[str, float]] = {}
        self._news: queue.Queue[str] = queue.Queue()

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
            "spec": {"podCIDR": f"{self._network}.0/24"},
        }
        try:
            self._api.post("/api/v1/nodes", node)
        except ApiError as error:
            if error.status != 409:
                raise
        self._beat()

    def keep_beating(self) -> None:
        """Renew the node's lease for ever."""
        while True:
            try:
                self._beat()
            except ApiError as error:
                print(f"{self.name}: {error}")
            time.sleep(_BEAT_S)

    def keep_watching(self) -> None:
        """Follow the node's pods for ever."""
        for kind, found in self._api.changes("/api/v1/pods", {"fieldSelector": f"spec.nodeName={self.name}"}):
            if kind == "LISTED":
                listed = {pod["metadata"]["uid"] for pod in found}
                for uid in self._pods.keys() - listed:
                    self._forget(uid)
            for pod in found:
                uid = pod["metadata"]["uid"]
                if kind == "DELETED":
                    self._forget(uid)
                else:
                    self._take(uid, pod)

    def keep_telling(self) -> None:
        """Tell the API server what becomes of the node's pods, each at its moment, for ever."""
        due: list[tuple[float, str]] = []
        while True:
            wait = max(0.0, due[0][0] - time.time()) if due else None
            try:
                uids = {self._news.get(timeout=wait)}
            except queue.Empty:
                uids = set()
            while due and due[0][0] <= time.time():
                uids.add(heapq.heappop(due)[1])
            for uid in uids:
                again = self._look_after(uid)
                if again is not None:
                    heapq.heappush(due, (again, uid))

    def _take(self, uid: str, pod: Object) -> None:
        self._pods[uid] = pod
        if address := pod["status"].get("podIP"):
            self._addresses.setdefault(uid, address)
        self._news.put(uid)

    def _forget(self, uid: str) -> None:
        for known in (self._pods, self._addresses, self._begun):
            known.pop(uid, None)

    def _look_after(self, uid: str) -> float | None:
        """Do what is to be done for a pod now; when to look at it again."""
        pod = self._pods.get(uid)
        if pod is None:
            return None
        try:
            if "deletionTimestamp" in pod["metadata"]:
                return self._end(uid, pod)
            return None if over(pod) else self._tell(uid, pod)
        except ApiError as error:
            if error.status in (404, 409):  # it went away meanwhile, or is another one by now
                return None
            print(f"{self.name}: {pod['metadata']['namespace']}/{pod['metadata']['name']}: {error}")
            return time.time() + _RETRY_S

    def _end(self, uid: str, pod: Object) -> float | None:
        """Let it end in its grace period; after that only its finalizers hold it, if it has any."""
        meta = pod["metadata"]
        if meta.get("deletionGracePeriodSeconds") == 0 and meta.get("finalizers"):
            return None
        wished = datetime.fromisoformat(meta["deletionTimestamp"]).timestamp()
        gone = wished - float(meta.get("deletionGracePeriodSeconds") or 0) + gone_after(pod)
        if time.time() < gone:
            return gone
        self._api.delete(_path(pod), {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}})
        return None

    def _tell(self, uid: str, pod: Object) -> float | None:
        now = time.time()
        told = tell(pod, Place(self._address(uid), self._host), self._since(uid, pod, now), now)
        if any(pod["status"].get(key) != value for key, value in told.status.items()):
            self._pods[uid] = pod | {"status": pod["status"] | told.status}
            self._api.patch(f"{_path(pod)}/status", {"status": told.status})
            self._mourn(pod, told.status)
        return told.until

    def _since(self, uid: str, pod: Object, now: float) -> float:
        """When the node took it, or noticed that somebody brings other trouble to it."""
        trouble = (pod["metadata"].get("annotations") or {}).get(FAIL, "")
        if uid not in self._begun:
            started = pod["status"].get("startTime")
            self._begun[uid] = (trouble, datetime.fromisoformat(started).timestamp() if started else now)
        elif trouble != self._begun[uid][0]:
            self._begun[uid] = (trouble, now)
        return self._begun[uid][1]

    def _address(self, uid: str) -> str:
        if uid not in self._addresses:
            used = set(self._addresses.values())
            self._addresses[uid] = next(
                address for number in range(2, 255) if (address := f"{self._network}.{number}") not in used
            )
        return self._addresses[uid]

    def _mourn(self, pod: Object, status: Object) -> None:
        """Write an event where a container got into trouble."""
        before = {each["name"]: each["state"] for each in pod["status"].get("containerStatuses") or []}
        for container in status["containerStatuses"]:
            waiting = container["state"].get("waiting") or {}
            old = (before.get(container["name"]) or {}).get("waiting") or {}
            if waiting.get("reason") in _TROUBLED and waiting["reason"] != old.get("reason"):
                self._write_event(pod, waiting)

    def _write_event(self, pod: Object, waiting: Object) -> None:
        meta, now = pod["metadata"], time.time()
        event = {
            "metadata": {"name": f"{meta['name']}.{time.time_ns():x}", "namespace": meta["namespace"]},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                **{key: meta[key] for key in ("name", "namespace", "uid")},
            },
            "type": "Warning",
            "reason": "Failed" if waiting["reason"] == "ErrImagePull" else "BackOff",
            "message": waiting["message"],
            "source": {"component": "kubelet", "host": self.name},
            **{key: timestamp(now) for key in ("firstTimestamp", "lastTimestamp")},
            "count": 1,
        }
        self._api.post(f"/api/v1/namespaces/{meta['namespace']}/events", event)

    def _beat(self) -> None:
        now = datetime.now(UTC)
        spec = {"holderIdentity": self.name, "leaseDurationSeconds": 40}
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
                {"type": "InternalIP", "address": self._host},
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


def _path(pod: Object) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"


def main() -> None:
    """Speak for all nodes until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--nodes", type=int, required=True)
    arguments = parser.parse_args()
    api = Api(arguments.kubeconfig)
    kubelets = [Kubelet(api, number + 1) for number in range(arguments.nodes)]
    for kubelet in kubelets:
        kubelet.register()
        for task in (kubelet.keep_beating, kubelet.keep_watching, kubelet.keep_telling):
            threading.Thread(target=task, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
