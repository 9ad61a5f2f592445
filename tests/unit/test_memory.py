"""What was freed between blocks that stay is the system's again."""

import platform

import psutil
import pytest

from monitoring.sources.memory import give_back

_MIB = 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator keeps other things")
def test_what_is_free_goes_back() -> None:
    blocks = [bytearray(3000) for _ in range(20_000)]
    stay = blocks[::100]
    del blocks
    before = psutil.Process().memory_info().rss
    give_back()
    assert psutil.Process().memory_info().rss < before - 30 * _MIB
    assert len(stay) == 200
