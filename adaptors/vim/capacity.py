"""The capacity of a PoP whose instances we count ourselves."""

from collections.abc import Iterator

from domain.infrastructure import Resources


def exhausted(asked: Resources, used: Resources, total: Resources) -> Iterator[str]:
    """Each resource that one more instance would take too much of, in the VIM's words."""
    capacity = (
        ("vcpus", asked.vcpus, used.vcpus, total.vcpus, ""),
        ("memory", asked.memory, used.memory, total.memory, " MiB"),
        ("disk", asked.disk, used.disk, total.disk, " GiB"),
    )
    for what, more, have, limit, unit in capacity:
        if more and have + more > limit:
            yield f"capacity exhausted: {what} {have}{unit} used + {more}{unit} asked > {limit}{unit}"
