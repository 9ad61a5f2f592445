"""How what is made in a cluster is named, labelled and found again.

Kubernetes' names are DNS labels of at most 63 characters; ours that are longer are cut, and a hash of the
whole keeps them apart. What was cut is written out in annotations.
"""

import re
from collections.abc import Mapping
from hashlib import sha256

MANAGER = "interlace"
"""Under which the API server notes the fields that we set."""
DOMAIN = "interlace.dev"
MANAGED = {"app.kubernetes.io/managed-by": MANAGER}
POP = f"{DOMAIN}/pop"
SERVICE = f"{DOMAIN}/service"
TENANT = f"{DOMAIN}/tenant"
COMPONENT = f"{DOMAIN}/component"
WORKLOAD = f"{DOMAIN}/workload"
NETWORK = f"{DOMAIN}/network"
TEMPLATE = f"{DOMAIN}/template"
SPEC = f"{DOMAIN}/spec"
"""Annotation: what all of a workload's instances are made from, as JSON."""
MEMBERS = f"{DOMAIN}/members"
"""Annotation: the instances of a workload, as JSON."""
INSTANCE = f"{DOMAIN}/instance"
"""Annotation: whose a pod is, as long as that one is there."""
LONGEST = 63


def digest(text: str, length: int = 8) -> str:
    """Characters that stand for a text."""
    return sha256(text.encode()).hexdigest()[:length]


def label_name(text: str, longest: int = LONGEST) -> str:
    """A text as a DNS label: as it is where it is one, else what is left of it, and a hash of the whole."""
    clean = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    if clean == text and len(clean) <= longest:
        return clean
    return f"{clean[: longest - 9].rstrip('-')}-{digest(text)}".lstrip("-")


def namespace_name(prefix: str, pop: str, service: str, tenant: str) -> str:
    """Of a tenant's service at a PoP; the hash keeps `a-b` of `c` and `a` of `b-c` apart."""
    mark = digest(f"{pop}/{tenant}/{service}", 6)
    return label_name(f"{prefix}{service}-{tenant}", LONGEST - 7) + f"-{mark}"


def service_name(text: str) -> str:
    """Of a Service: its first character is a letter."""
    return label_name(text if text[:1].isalpha() else f"s-{text}")


def workload_name(component: str, template: str, attempt: int = 0) -> str:
    """Of the instances of a component that are made alike; Kubernetes adds up to 11 characters of its own.

    :param attempt: another one where the workload of that name has become one of another template
    """
    suffix = f"-{template}" if attempt == 0 else f"-{template}-{attempt}"
    return f"{label_name(component, LONGEST - 11 - len(suffix))}{suffix}"


def member_key(name: str) -> str:
    """The label by which the workload of an instance is found."""
    return f"member.{DOMAIN}/{digest(name, 16)}"


def service_labels(pop: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Of all that belongs to a tenant's service at a PoP."""
    return {
        **MANAGED,
        POP: pop,
        SERVICE: label_name(tags["service"]),
        TENANT: label_name(tags["tenant"]),
    }


def component_labels(pop: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Of all that belongs to one of its components."""
    return {**service_labels(pop, tags), COMPONENT: label_name(tags["component"])}


def selector(labels: Mapping[str, str]) -> str:
    """As the API takes it in a query."""
    return ",".join(f"{key}={value}" for key, value in labels.items())
