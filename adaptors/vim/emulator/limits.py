"""What keeps an emulated PoP from taking one more instance: its capacity."""

from collections.abc import Iterator

from domain.infrastructure import Resources


def complaints(asked: Resources, used: Resources, total: Resources) -> Iterator[str]:
    """Each limit that one more instance would break, in the VIM's words."""
    capacity = (
        ("vcpus", asked.vcpus, used.vcpus, total.vcpus, ""),
        ("memory", asked.memory, used.memory, total.memory, " MiB"),
        ("disk", asked.disk, used.disk, total.disk, " GiB"),
    )
    for what, more, have, limit, unit in capacity:
        if more and have + more > limit:
            yield f"capacity exhausted: {what} {have}{unit} used + {more}{unit} asked > {limit}{unit}"
