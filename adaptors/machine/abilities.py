"""What this machine lets the emulator do, found by doing it."""

import atexit
import os
import shutil
import threading
import uuid
from pathlib import Path
from typing import Literal

from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.locks import locked
from adaptors.machine.place import Place
from adaptors.machine.usernamespace import UserNamespaceError, entering, held, leave, only_held
from domain.models import Model

Datapath = Literal["ovs", "nft"]
_NETWORK = {"ip": "iproute2", "tc": "iproute2", "nft": "nftables", "nsenter": "util-linux"}
_OVS = ("ovsdb-server", "ovs-vswitchd", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl", "ovs-appctl")
_OVS_PACKAGE = "openvswitch-switch"


class Abilities(Model):
    """What may run here, each with the reason."""

    privileges: Literal["root", "user namespace", "none"]
    datapaths: tuple[Datapath, ...]
    """The best first; none at all means that only the modelled VIM runs here."""
    why: str
    """Why there is no better datapath; empty where the best is there."""
    overlay: Literal["wireguard", "wireguard-go", "vxlan"]
    """What carries traffic between PoPs; plain vxlan is not encrypted."""
    overlay_why: str
    delay: Literal["netem", "delay line"]
    """What gives WAN links their delay and rate."""

    @property
    def best(self) -> Datapath | None:
        """The datapath to take where nobody asks for another."""
        return self.datapaths[0] if self.datapaths else None


_LOOK = "look.lock"
_examined: dict[Path, tuple[Abilities, Machine | None]] = {}
_fresh: set[Path] = set()
_guard = threading.Lock()


def examine(home: Path) -> tuple[Abilities, Machine | None]:
    """Try everything out once a process; the machine is None where no network can be made.

    Where the user namespace is held by another process than before, the machine enters it there from now on.
    What a look makes on the machine is gone when this process ends, unless something was made there.
    """
    with _guard:
        found = _examined.get(home)
        if found is None or not _still(found[1]):
            place = Place.of(home)
            if not any(place.run.iterdir()):
                _fresh.add(home)
            with locked(place.run / _LOOK):
                found = _examined[home] = _examine(Place.of(home))
                (place.run / _LOOK).unlink(missing_ok=True)
        return found


def forget(home: Path) -> None:
    """Leave the place of a home on this machine; only for who has removed all that is there."""
    with _guard:
        _examined.pop(home, None)
        _fresh.discard(home)
        leave(Place.of(home))


def forget_unused(home: Path) -> None:
    """Leave the place of a home if there is nothing but what a look at this machine makes."""
    place = Place.of(home)
    with _guard, locked(place.run / _LOOK):
        if only_held(place, _LOOK):
            _examined.pop(home, None)
            leave(place)


@atexit.register
def forget_looks() -> None:
    """Leave the places that this process was the first to look at, where nobody has made anything since."""
    while _fresh:
        forget_unused(_fresh.pop())


def _still(machine: Machine | None) -> bool:
    """Whether commands still get to where they should run."""
    if machine is None or not machine.enter:
        return True
    holder = held(machine.place)
    return holder is not None and f"--target={holder.pid}" in machine.enter


def _examine(place: Place) -> tuple[Abilities, Machine | None]:
    lacking = sorted({package for word, package in _NETWORK.items() if not _command(word)})
    if lacking:
        return _nothing(f"missing here: {', '.join(lacking)} (apt-get install {' '.join(lacking)})"), None
    try:
        machine = Machine(place) if os.geteuid() == 0 else Machine(place, entering(place))
        return _tried(machine), machine
    except UserNamespaceError as error:
        return _nothing(f"not root, and the kernel refuses a user namespace: {error}"), None
    except CommandError as error:
        return _nothing(f"the kernel refuses a network namespace or nftables: {error}"), None


def _nothing(why: str) -> Abilities:
    return Abilities(
        privileges="none", datapaths=(), why=why, overlay="vxlan", overlay_why=why, delay="delay line"
    )


def _tried(machine: Machine) -> Abilities:
    name = f"{machine.place.prefix}try-{uuid.uuid4().hex[:8]}"
    try:
        machine.ip([f"netns add {name}"])
        _forwards(machine, name)
        overlay, overlay_why = _overlay(machine, name)
        delay: Literal["netem", "delay line"] = "netem" if _netem(machine, name) else "delay line"
    finally:
        machine.attempt(["ip", "netns", "delete", name])
    why = _no_ovs(machine)
    return Abilities(
        privileges="user namespace" if machine.enter else "root",
        datapaths=("nft",) if why else ("ovs", "nft"),
        why=why,
        overlay=overlay,
        overlay_why=overlay_why,
        delay=delay,
    )


def _forwards(machine: Machine, namespace: str) -> None:
    machine.ip(["link add try0 type veth peer name try1"], namespace)
    machine.ip(["link add try2 type vxlan id 1 remote 127.0.0.1 dstport 4789"], namespace)
    rule = 'add rule netdev t c ether daddr set 02:00:00:00:00:01 fwd to "try0"'
    hook = 'add chain netdev t c { type filter hook ingress device "try1" priority 0; }'
    machine.nft(f"add table netdev t\n{hook}\n{rule}\n", namespace)
    machine.tc(["qdisc add dev try0 root handle 1: htb"], namespace)


def _netem(machine: Machine, namespace: str) -> bool:
    words = ["tc", "qdisc", "replace", "dev", "try1", "root", "netem", "delay", "1ms", "rate", "1gbit"]
    return machine.attempt(words, namespace=namespace).code == 0


def _overlay(machine: Machine, namespace: str) -> tuple[Literal["wireguard", "wireguard-go", "vxlan"], str]:
    if not _command("wg"):
        return "vxlan", "not encrypted: wireguard-tools is missing (apt-get install wireguard-tools)"
    add = ["ip", "link", "add", "try3", "type", "wireguard"]
    if machine.attempt(add, namespace=namespace).code == 0:
        return "wireguard", ""
    if not _command("wireguard-go"):
        return "vxlan", "not encrypted: no WireGuard in the kernel, no wireguard-go (apt-get install it)"
    closed = _no_tun(machine)
    return ("vxlan", f"not encrypted: {closed}") if closed else ("wireguard-go", "")


def _no_ovs(machine: Machine) -> str:
    if not all(map(_command, _OVS)):
        return f"no Open vSwitch (apt-get install {_OVS_PACKAGE})"
    return _no_tun(machine)


def _no_tun(machine: Machine) -> str:
    opened = machine.attempt(["sh", "-c", "exec 3<>/dev/net/tun"])
    said = opened.stderr.strip().rpartition(": ")[2]
    return "" if opened.code == 0 else f"/dev/net/tun cannot be opened ({said})"


def _command(word: str) -> bool:
    return shutil.which(word, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None
