"""What was freed between blocks that stay is the system's again."""

import platform
import threading
import time

import psutil
import pytest

from monitoring.sources.memory import GivingBack, give_back

_MIB = 2**20


glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator keeps other things")


@glibc
def test_what_is_free_goes_back() -> None:
    blocks = [bytearray(3000) for _ in range(20_000)]
    stay = blocks[::100]
    del blocks
    before = psutil.Process().memory_info().rss
    give_back()
    assert psutil.Process().memory_info().rss < before - 30 * _MIB
    assert len(stay) == 200


@glibc
def test_what_is_freed_later_goes_back_until_it_ends() -> None:
    giving = GivingBack(every_s=0.05)
    giving.begin()
    giving.begin()
    assert [each.name for each in threading.enumerate()].count("give-back") == 1
    stay, before = _freed()
    deadline = time.monotonic() + 20
    while psutil.Process().memory_info().rss >= before - 30 * _MIB:
        assert time.monotonic() < deadline, "nothing goes back"
        time.sleep(0.05)
    giving.end()
    while any(each.name == "give-back" for each in threading.enumerate()):
        assert time.monotonic() < deadline, "it does not end"
        time.sleep(0.05)
    assert stay


def _freed() -> tuple[list[bytearray], int]:
    """Blocks that stay, between which others were freed; and the memory in use before."""
    blocks = [bytearray(3000) for _ in range(20_000)]
    before = psutil.Process().memory_info().rss
    return blocks[::100], before
