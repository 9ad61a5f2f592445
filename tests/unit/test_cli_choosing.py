"""Which kind of VIM `infra generate` writes, and what `doctor` says of the dataplane."""

from pathlib import Path
from typing import Any

import pytest

from adaptors.machine.abilities import Abilities
from adaptors.machine.commands import Machine
from adaptors.machine.place import Place
from domain.errors import InputError, UnknownError
from interfaces.cli import choosing, dataplanes
from interfaces.cli.choosing import choose_vim

ROOT = Abilities(
    privileges="root", datapaths=("ovs", "nft"), why="", overlay="wireguard-go", overlay_why="", delay="netem"
)
USER = Abilities(
    privileges="user namespace",
    datapaths=("nft",),
    why="no Open vSwitch (apt-get install openvswitch-switch)",
    overlay="vxlan",
    overlay_why="not encrypted: wireguard-tools is missing",
    delay="delay line",
)
NOBODY = Abilities(
    privileges="none", datapaths=(), why="not root", overlay="vxlan", overlay_why="", delay="delay line"
)


def machine_with(monkeypatch: pytest.MonkeyPatch, abilities: Abilities) -> None:
    machine = Machine(Place("abcdef", Path("/run/x"))) if abilities.datapaths else None
    for module in (choosing, dataplanes):
        monkeypatch.setattr(module, "examine", lambda _: (abilities, machine))


@pytest.mark.parametrize(
    ("abilities", "wanted", "delay", "kind", "why"),
    [
        (ROOT, "auto", None, "emulator", "ovs, as root"),
        (USER, "auto", None, "emulator", "nft, in a user namespace; overlay vxlan (not encrypted)"),
        (NOBODY, "auto", None, "modelled", "does not run here: not root"),
        (ROOT, "auto", "1 s", "modelled", "--create-delay"),
        (ROOT, "modelled", "1 s", "modelled", "as asked"),
        (NOBODY, "emulator", None, "emulator", "does not run on this machine: not root"),
    ],
)
def test_the_choice_says_why(
    monkeypatch: pytest.MonkeyPatch,
    abilities: Abilities,
    wanted: str,
    delay: str | None,
    kind: str,
    why: str,
) -> None:
    machine_with(monkeypatch, abilities)
    chosen = choose_vim(wanted, delay, Path("/nowhere"))
    assert chosen.kind == kind
    assert why in chosen.why


def test_what_makes_no_sense_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(monkeypatch, ROOT)
    with pytest.raises(InputError, match="--create-delay is for modelled"):
        choose_vim("emulator", "1 s", Path("/nowhere"))
    with pytest.raises(UnknownError, match="auto, emulator, modelled"):
        choose_vim("cloud", None, Path("/nowhere"))


def test_the_doctor_says_what_runs_and_how_to_get_more(monkeypatch: pytest.MonkeyPatch) -> None:
    no_limits: list[Any] = [dataplanes.Look("limits of instances", True, "-")]
    monkeypatch.setattr(dataplanes, "_limits", lambda _: no_limits[0])
    machine_with(monkeypatch, USER)
    found = {each.what: each for each in dataplanes.dataplane(Path("/nowhere"))}
    assert "no ovs: no Open vSwitch (apt-get install" in found["dataplane"].found
    assert not found["encryption between PoPs"].ok
    assert "wireguard-go" in found["encryption between PoPs"].remedy
    assert found["command haproxy"].found.endswith("needed by load-balancer:1.0")
    machine_with(monkeypatch, NOBODY)
    [only] = dataplanes.dataplane(Path("/nowhere"))
    assert only.found == "modelled: not root"
