"""Disks that are not there: each claim of the storage class `lab` gets a volume, and gives it back."""

from collections.abc import Iterator
from contextlib import contextmanager

from lab.kubernetes.api import Api, ApiError, Object

CLASS = "lab"
_PROVISIONER = "lab.interlace.dev/disk"
_ASKED = "volume.beta.kubernetes.io/storage-provisioner"


def storage_class() -> Object:
    """The cluster's default storage class."""
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": CLASS, "annotations": default},
        "provisioner": _PROVISIONER,
        "reclaimPolicy": "Delete",
    }


def provide(api: Api) -> None:
    """Make a volume for each claim that asks for one, for ever."""
    for kind, claims in api.changes("/api/v1/persistentvolumeclaims"):
        for claim in claims:
            asked = (claim["metadata"].get("annotations") or {}).get(_ASKED) == _PROVISIONER
            if kind != "DELETED" and asked and not claim["spec"].get("volumeName"):
                with _told():
                    api.post("/api/v1/persistentvolumes", _volume(claim))


def reclaim(api: Api) -> None:
    """Delete the volumes whose claims are gone, for ever."""
    for kind, volumes in api.changes("/api/v1/persistentvolumes"):
        for volume in volumes:
            ours = volume["spec"].get("storageClassName") == CLASS
            if kind != "DELETED" and ours and volume["status"].get("phase") == "Released":
                with _told():
                    api.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")


@contextmanager
def _told() -> Iterator[None]:
    """What the API server refuses is written down, unless it is done already."""
    try:
        yield
    except ApiError as error:
        if error.status not in (404, 409):
            print(f"disks: {error}")


def _volume(claim: Object) -> Object:
    meta, spec = claim["metadata"], claim["spec"]
    keys = ("name", "namespace", "uid")
    return {
        "metadata": {
            "name": f"pvc-{meta['uid']}",
            "annotations": {"pv.kubernetes.io/provisioned-by": _PROVISIONER},
        },
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **{k: meta[k] for k in keys}},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": CLASS,
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "hostPath": {"path": "/var/lib/no-such-disk"},
        },
    }
