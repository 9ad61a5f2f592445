"""The kubelet's part for pods: tells the API server what becomes of a node's pods, each at its moment."""

import heapq
import queue
import time
from datetime import datetime

from lab.kubernetes.api import Api, ApiError, Object
from lab.kubernetes.containers import timestamp
from lab.kubernetes.pods import FAIL, Place, gone_after, over, tell

_RETRY_S = 1.0
_TROUBLED = ("ErrImagePull", "ImagePullBackOff", "CrashLoopBackOff")


class Kubelet:
    """Looks after the pods of one node.

    One thread follows the pods, another one speaks of them; only the second keeps anything.
    """

    def __init__(self, api: Api, node: str, host: str, network: str) -> None:
        """
        :param host: the node's address
        :param network: the first three parts of its pods' addresses
        """
        self._api = api
        self._node = node
        self._host = host
        self._network = network
        self._pods: dict[str, Object] = {}
        self._addresses: dict[str, str] = {}
        self._begun: dict[str, tuple[str, float]] = {}
        self._news: queue.Queue[tuple[str, list[Object]]] = queue.Queue()

    def keep_watching(self) -> None:
        """Follow the node's pods for ever."""
        for change in self._api.changes("/api/v1/pods", {"fieldSelector": f"spec.nodeName={self._node}"}):
            self._news.put(change)

    def keep_telling(self) -> None:
        """Say what becomes of the node's pods, for ever."""
        due: list[tuple[float, str]] = []
        while True:
            wait = max(0.0, due[0][0] - time.time()) if due else None
            try:
                uids = self._take(*self._news.get(timeout=wait))
            except queue.Empty:
                uids = set()
            while due and due[0][0] <= time.time():
                uids.add(heapq.heappop(due)[1])
            for uid in uids:
                again = self._look_after(uid)
                if again is not None:
                    heapq.heappush(due, (again, uid))

    def _take(self, kind: str, found: list[Object]) -> set[str]:
        """Keep what is new; the pods to be looked after now."""
        pods = {str(pod["metadata"]["uid"]): pod for pod in found}
        gone = set(pods) if kind == "DELETED" else self._pods.keys() - pods if kind == "LISTED" else set()
        for uid in gone:
            for known in (self._pods, self._addresses, self._begun):
                known.pop(uid, None)
        kept = {uid: pod for uid, pod in pods.items() if uid not in gone}
        self._pods |= kept
        for uid, pod in kept.items():
            if address := pod["status"].get("podIP"):
                self._addresses[uid] = address
        return set(kept)

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
            print(f"{self._node}: {pod['metadata']['namespace']}/{pod['metadata']['name']}: {error}")
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
            self._api.patch(f"{_path(pod)}/status", {"status": told.status})
            self._pods[uid] = pod | {"status": pod["status"] | told.status}
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
            "source": {"component": "kubelet", "host": self._node},
            **{key: timestamp(now) for key in ("firstTimestamp", "lastTimestamp")},
            "count": 1,
        }
        self._api.post(f"/api/v1/namespaces/{meta['namespace']}/events", event)


def _path(pod: Object) -> str:
    return f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}"
