"""The emulated switches of this home: one for each PoP that it emulates."""

from adaptors.chaining.nft import NftSwitch
from adaptors.chaining.ovs import OvsSwitch
from adaptors.chaining.port import Switch
from adaptors.chaining.records import Built, Records
from adaptors.machine.abilities import Datapath
from adaptors.machine.commands import Machine


def open_switch(machine: Machine, pop: str, datapath: Datapath) -> Switch:
    """The switch of a PoP, whether it runs or not; cheap. The datapath that it was built with wins."""
    built = Records(machine.place, pop).built()
    kind = built.datapath if built else datapath
    return OvsSwitch(machine, pop) if kind == "ovs" else NftSwitch(machine, pop)


def switch_names(machine: Machine) -> list[str]:
    """The PoPs whose switch was built and not removed."""
    found = (machine.place.run / "pops").glob("*/switch.json")
    return sorted(Built.model_validate_json(path.read_bytes()).pop for path in found)
