"""How what we make at an OpenStack is named and tagged, so that it can be found again by anybody.

Names say what a thing is; Neutron's descriptions, unlike its tags, are given with the thing itself, so that
even what a crash left half made is found by them.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

LONGEST = 255
"""Of names, descriptions and values of metadata, in Nova and Neutron alike."""
LONGEST_TAG = 60
MARK = "interlace"
"""The tag of all that is ours."""


def shortened(text: str, longest: int = LONGEST) -> str:
    """The text, or its beginning and a hash of the whole where it is too long."""
    if len(text) <= longest:
        return text
    return f"{text[: longest - 13]}-{digest(text)}"


def digest(text: str) -> str:
    """12 characters that stand for the text."""
    return sha256(text.encode()).hexdigest()[:12]


def service_name(tags: Mapping[str, str]) -> str:
    """Of what a tenant's service has for itself at a PoP: its network, subnet, security group."""
    return shortened(f"{MARK}-{tags['tenant']}-{tags['service']}")


def service_mark(pop: str, tags: Mapping[str, str]) -> str:
    """The description of what a tenant's service has for itself."""
    return f"{MARK} {pop} service {tags['tenant']} {tags['service']}"


def services_marked(pop: str, description: str) -> tuple[str, str] | None:
    """(tenant, service) that a description of `service_mark` speaks of; None where it is another's."""
    start = f"{MARK} {pop} service "
    tenant, _, service = description.removeprefix(start).partition(" ")
    return (tenant, service) if description.startswith(start) and service else None


def group_name(pop: str, tags: Mapping[str, str]) -> str:
    """The server group of a component; server groups carry nothing but names."""
    return f"{group_prefix(pop, tags)}{tags['component']}"


def group_prefix(pop: str, tags: Mapping[str, str]) -> str:
    """How the names of a service's server groups begin."""
    return f"{MARK}:{pop}:{tags['service']}:{digest(tags['tenant'])}:"


def instance_mark(pop: str, name: str) -> str:
    """The description of what one instance has for itself."""
    return shortened(f"{MARK} {pop} instance {name}")


def instance_marked(pop: str, description: str) -> str | None:
    """The name of the instance that a description speaks of; None where it speaks of something else."""
    start = instance_mark(pop, "")
    return description[len(start) :] if description.startswith(start) else None


def network_mark(pop: str, network: str) -> str:
    """The description of what connects a service's network."""
    return f"{MARK} {pop} network {network}"


def network_of(pop: str, description: str) -> str | None:
    """The name of the network that a description speaks of; None where it speaks of something else."""
    start = network_mark(pop, "")
    return description[len(start) :] if description.startswith(start) else None


def labels(tags: Mapping[str, str]) -> list[str]:
    """Tags as Neutron and Nova have them: words of at most 60 characters, without commas or slashes."""
    said = (f"{MARK}.{key}={value}" for key, value in tags.items())
    return sorted({MARK, *(shortened(re.sub(r"[,/]", "-", each), LONGEST_TAG) for each in said)})


def pieces(key: str, value: str) -> Iterator[tuple[str, str]]:
    """Items of a server's metadata that together hold a value: `key`, or `key#1`, `key#2` and so on."""
    named = re.sub(r"[^A-Za-z0-9_:. #-]", "_", key)
    if len(value) <= LONGEST:
        yield shortened(named), value
        return
    for number, start in enumerate(range(0, len(value), LONGEST), 1):
        yield f"{shortened(named, LONGEST - 5)}#{number}", value[start : start + LONGEST]
