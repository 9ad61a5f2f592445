"""`${component.output}`: one component's outputs wired into another's config."""

import re
from collections.abc import Iterator, Mapping, Sequence

from domain.descriptor import Component

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_TARGET = re.compile(r"^([a-z0-9-]+)\.([a-z0-9-]+)$")

OUTPUTS = ("address", "addresses", "pop")
"""What every component offers: its first instance's address, all of them (comma between), the first's PoP."""


def references(text: str) -> Iterator[str]:
    """The insides of each `${...}` in `text`."""
    yield from _REFERENCE.findall(text)


def split(reference: str) -> tuple[str, str] | None:
    """`component.output` as a pair, or None where it is not of that form."""
    match = _TARGET.match(reference)
    return (match[1], match[2]) if match else None


def wired_texts(component: Component) -> Iterator[tuple[tuple[str, str], str]]:
    """Each text of a component that may hold references, as ((section, key), text)."""
    for section, values in (("config", component.config), ("environment", component.environment)):
        for key, value in values.items():
            if isinstance(value, str):
                yield (section, key), value


def dependencies(component: Component) -> set[str]:
    """The components that must exist before this one: those declared and those referred to."""
    wired = {
        target[0]
        for _, text in wired_texts(component)
        for reference in references(text)
        if (target := split(reference))
    }
    return wired | set(component.depends_on)


def resolve(text: str, outputs: Mapping[str, Mapping[str, str]]) -> str:
    """`text` with every reference replaced; outputs is component -> output -> value."""

    def value(match: re.Match[str]) -> str:
        component, output = match[1].split(".")
        return outputs[component][output]

    return _REFERENCE.sub(value, text)


def outputs_of(instances: Sequence[tuple[str, str]]) -> dict[str, str]:
    """A component's outputs from its instances' (address, PoP), in the order of their numbers.

    Instances behind one address, as in a cluster, are told once.
    """
    addresses = [address for address, _ in instances]
    return {"address": addresses[0], "addresses": ",".join(dict.fromkeys(addresses)), "pop": instances[0][1]}
