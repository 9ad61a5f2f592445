"""Adaptors that several threads need first at the same time."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from adaptors.vim.loading import ONE_AT_A_TIME
from adaptors.vim.registry import open_vim
from domain.errors import InterlaceError
from domain.infrastructure import Resources
from domain.instances import PopAccess
from domain.names import CLOUD_KINDS


@pytest.mark.parametrize("kind", CLOUD_KINDS)
def test_what_loads_the_library_of_a_cloud_waits_for_who_loads_another(kind: str, tmp_path: Path) -> None:
    """`interlace status` of a service over three clouds found `requests` half imported."""
    access = PopAccess(name="north", capacity=Resources.of(8, 8192, 10), settings={})

    def need() -> None:
        with suppress(InterlaceError):  # nothing says where it is
            open_vim(kind, access, tmp_path)

    need()
    thread = threading.Thread(target=need)
    with ONE_AT_A_TIME:
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(60)
    assert not thread.is_alive()
