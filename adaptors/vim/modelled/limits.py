"""What keeps a modelled PoP from taking one more instance: its capacity and the tenant's quota."""

from collections.abc import Iterator

from adaptors.vim.modelled.settings import Quota
from domain.infrastructure import Resources


def complaints(
    asked: Resources, count: int, used: Resources, total: Resources, quota: Quota
) -> Iterator[str]:
    """Each limit that one more instance would break, in the VIM's words."""
    after = used + asked
    capacity = (
        ("vcpus", asked.vcpus, used.vcpus, total.vcpus, ""),
        ("memory", asked.memory, used.memory, total.memory, " MiB"),
        ("disk", asked.disk, used.disk, total.disk, " GiB"),
    )
    for what, more, have, limit, unit in capacity:
        if more and have + more > limit:
            yield f"capacity exhausted: {what} {have}{unit} used + {more}{unit} asked > {limit}{unit}"
    quotas = (
        ("instances", count + 1, quota.instances, ""),
        ("vcpus", after.vcpus, quota.vcpus, ""),
        ("memory", after.memory, quota.memory, " MiB"),
    )
    for what, wanted, bound, unit in quotas:
        if bound is not None and wanted > bound:
            yield f"quota exceeded: {what} would be {wanted}{unit}, allowed are {bound}{unit}"
