"""What a Terraform state says of the instances in it."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.instances import InstanceSpec

MODULE = "module.pop"
RECORD = "terraform_data.record"
_TRIES = 5
_PAUSE_S = 0.02
_BAD_STATUS = re.compile(
    r"err|fail|stop|shut|terminat|delet|unhealthy|crash|dead|paus|suspend", re.IGNORECASE
)


class BrokenStateError(Exception):
    """A state file that cannot be read: its writer was killed while at it."""


@dataclass(frozen=True)
class State:
    """One component's state; empty where there is none yet."""

    specs: Mapping[str, InstanceSpec] = field(default_factory=dict)
    """What instances are made from, by name."""
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the module says of them, by name."""
    addresses: tuple[str, ...] = ()
    """Of all managed resources, those of the records too."""

    def of(self, name: str) -> tuple[str, ...]:
        """Addresses of the module's resources that belong to an instance."""
        return tuple(each for each in self.addresses if each.startswith(MODULE) and belongs(each, name))

    def has(self, name: str) -> bool:
        """Whether anything of an instance is there."""
        return name in self.specs or bool(self.of(name))

    def complete(self, name: str) -> bool:
        """Whether all of it was made."""
        return name in self.specs and bool(self.outputs.get(name, {}).get("address"))


def belongs(address: str, name: str) -> bool:
    """Whether a resource's address has the instance's name for a key, of its own or of a module around it."""
    return f'["{name}"]' in address


def bad(output: Mapping[str, Any]) -> str | None:
    """The status in a module's output, where it means that the instance does not run."""
    status = str(output.get("status") or "")
    return status if _BAD_STATUS.search(status) else None


def read(path: Path) -> State:
    """The state in a file. Terraform writes it in place: what is cut off is looked at again.

    :raises BrokenStateError: if it stays so
    """
    for _ in range(_TRIES):
        try:
            text = path.read_text()
        except FileNotFoundError:
            return State()
        try:
            return parse(text)
        except ValueError:
            time.sleep(_PAUSE_S)
    raise BrokenStateError(f"{path} is not a whole Terraform state")


def parse(text: str) -> State:
    """
    :raises ValueError: if it is no state
    """
    if not text.strip():
        raise ValueError("empty")
    content = json.loads(text)
    specs, addresses = {}, []
    for resource in content.get("resources", []):
        if resource.get("mode") != "managed":
            continue
        for instance in resource["instances"]:
            address = _address(resource, instance)
            addresses.append(address)
            if address.startswith(f"{RECORD}["):
                said = instance["attributes"]["input"]
                specs[instance["index_key"]] = InstanceSpec.model_validate_json(said["value"])
    return State(specs, instances_in(content.get("outputs", {})), tuple(addresses))


def instances_in(outputs: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The module's output `instances` among the outputs of a state or a plan."""
    module = outputs.get("module", {}).get("value") or {}
    found = module.get("instances") or {}
    return {name: each for name, each in found.items() if isinstance(each, dict)}


def _address(resource: Mapping[str, Any], instance: Mapping[str, Any]) -> str:
    key = instance.get("index_key")
    index = "" if key is None else f"[{json.dumps(key)}]"
    module = f"{resource['module']}." if resource.get("module") else ""
    return f"{module}{resource['type']}.{resource['name']}{index}"
