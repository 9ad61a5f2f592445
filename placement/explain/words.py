"""Names, amounts and shortages in words."""

from collections.abc import Sequence

from domain.infrastructure import Resources

SHOWN = 6
"""So many names are said; of more, how many more."""


def some(names: Sequence[str], shown: int = SHOWN) -> str:
    """The first few, and how many more."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


def amounts(resources: Resources) -> str:
    """All three, also where they are 0."""
    return f"{resources.vcpus} vcpus, {resources.memory} MiB of memory and {resources.disk} GiB of disk"


def asked(resources: Resources) -> str:
    """What is more than 0, as people say it."""
    said = [
        _counted(resources.vcpus, "vcpu") if resources.vcpus else "",
        f"{mib(resources.memory)} of memory" if resources.memory else "",
        f"{resources.disk} GiB of disk" if resources.disk else "",
    ]
    return both([each for each in said if each]) or "nothing"


def mib(amount: int) -> str:
    """In GiB where it is one at least, and whole quarters of them."""
    return f"{amount / 1024:g} GiB" if amount >= 1024 and amount % 256 == 0 else f"{amount} MiB"


def figure(amount: float) -> str:
    """Six digits, or all before the point where they are more; never as 2e+07, which no document may say."""
    text = f"{amount:g}"
    return f"{amount:.9f}".rstrip("0").rstrip(".") if "e" in text else text


def both(texts: Sequence[str]) -> str:
    """Joined by commas and a last "and"."""
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def shortage(needs: Resources, left: Resources, capacity: Resources) -> str:
    """Each resource of which less is left than is needed."""
    kinds = [
        (needs.vcpus, left.vcpus, capacity.vcpus, "vcpus"),
        (needs.memory, left.memory, capacity.memory, "MiB of memory"),
        (needs.disk, left.disk, capacity.disk, "GiB of disk"),
    ]
    return " and ".join(
        f"{has} of {most} {unit} free, needs {need}" for need, has, most, unit in kinds if need > has
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
