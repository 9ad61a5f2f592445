"""Names of what the emulator makes: short enough for the kernel, distinct, and private."""

from pathlib import Path

import pytest

from adaptors.machine import place
from adaptors.machine.place import Place, interface, port_interface, tunnel_interface
from domain.errors import InterlaceError

LONG = "a-name-with-as-many-characters-as-a-name-may-have-which-is-63-a"


def test_interfaces_have_at_most_15_characters_and_stay_distinct() -> None:
    names = [make(f"{LONG}{number}") for number in range(200) for make in (interface, tunnel_interface)]
    names += [port_interface(f"{LONG}{number}", "outside") for number in range(200)]
    assert max(map(len, names)) <= 15
    assert len(set(names)) == len(names)
    assert interface("outside") == "outside"


def test_homes_share_a_machine_without_meeting(tmp_path: Path) -> None:
    one, other = Place.of(tmp_path / "one"), Place.of(tmp_path / "other")
    try:
        assert one.run != other.run and one.prefix != other.prefix
        assert len(str(one.directory("instances", LONG) / "a-socket.sock")) < 107
    finally:
        one.run.rmdir()
        other.run.rmdir()


def test_a_directory_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    open_to_all = tmp_path / "run"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    with pytest.raises(InterlaceError, match="others may write"):
        place._own(open_to_all, open_to_all.stat().st_uid)
    link = tmp_path / "link"
    link.symlink_to(open_to_all)
    with pytest.raises(InterlaceError, match="somebody else"):
        place._own(link, open_to_all.stat().st_uid)
