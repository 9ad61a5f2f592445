"""What keeps a modelled PoP from taking one more instance: its capacity and the tenant's quota."""

from collections.abc import Iterator

from adaptors.vim.capacity import exhausted
from adaptors.vim.modelled.settings import Quota
from domain.infrastructure import Resources


def complaints(
    asked: Resources, count: int, used: Resources, total: Resources, quota: Quota
) -> Iterator[str]:
    """Each limit that one more instance would break, in the VIM's words."""
    after = used + asked
    yield from exhausted(asked, used, total)
    quotas = (
        ("instances", count + 1, quota.instances, ""),
        ("vcpus", after.vcpus, quota.vcpus, ""),
        ("memory", after.memory, quota.memory, " MiB"),
    )
    for what, wanted, bound, unit in quotas:
        if bound is not None and wanted > bound:
            yield f"quota exceeded: {what} would be {wanted}{unit}, allowed are {bound}{unit}"
