"""A validating webhook that refuses, or is too slow: what tests need that must see it happen.

It is asked about objects with the label `lab.interlace.dev/webhook`, and about no others. For other objects,
a configuration of one's own may name the same addresses.
"""

import time

from lab.kubernetes.api import Object

LABEL = "lab.interlace.dev/webhook"
WORDS = "the lab's webhook refuses whatever bears this label"
NAMES = ("refuse", "slow")
"""The label's values, and the paths below the cloud's address."""
_TIMEOUT_S = 2
_SLOW_S = 4.0


def configuration(address: str, authority: str) -> Object:
    """The object by which the API server knows the webhook.

    :param address: where the cloud's stand-in answers
    :param authority: in base64
    """
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "lab"},
        "webhooks": [_webhook(name, f"{address}/{name}", authority) for name in NAMES],
    }


def answer(name: str, review: Object) -> Object:
    """What the webhook says to an AdmissionReview: no, at once or too late."""
    if name == "slow":
        time.sleep(_SLOW_S)
    status = {"code": 403, "reason": "Forbidden", "message": WORDS}
    response = {"uid": review["request"]["uid"], "allowed": False, "status": status}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def _webhook(name: str, url: str, authority: str) -> Object:
    operations = ["CREATE", "UPDATE"]
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"], "operations": operations}
    return {
        "name": f"{name}.lab.interlace.dev",
        "clientConfig": {"url": url, "caBundle": authority},
        "objectSelector": {"matchExpressions": [{"key": LABEL, "operator": "In", "values": [name]}]},
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "timeoutSeconds": _TIMEOUT_S,
        "admissionReviewVersions": ["v1"],
    }
