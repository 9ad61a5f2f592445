"""Instances as the port shows them: what the state, the last look and the marks in a workspace say."""

from collections.abc import Mapping
from dataclasses import dataclass

from adaptors.vim.terraform.states import State, bad
from adaptors.vim.terraform.workspaces import Run, Workspace
from domain.instances import InstanceSpec, InstanceStatus, VimInstance
from domain.steering import ImageTraits

_INCOMPLETE = "it was not built to its end"


@dataclass(frozen=True)
class View:
    """All that is known of one component without asking Terraform."""

    state: State
    specs: Mapping[str, InstanceSpec]
    """Of all of which anything is there."""
    removals: frozenset[str]
    ills: Mapping[str, str]
    """Of those that are not as they should be: why."""
    down: frozenset[str]
    """Those among them that do not run."""
    running: bool
    """Whether Terraform is at work."""

    def status(self, name: str) -> InstanceStatus:
        if name in self.removals:
            return InstanceStatus.DELETING
        if self.state.complete(name):
            down = name in self.down or bad(self.state.outputs[name])
            return InstanceStatus.ERROR if down else InstanceStatus.RUNNING
        return InstanceStatus.BUILD if self.running and name not in self.ills else InstanceStatus.ERROR

    def ailment(self, name: str) -> str | None:
        """What is wrong with one, as far as is known."""
        if name not in self.specs:
            return "it is not there"
        if name in self.removals:
            return "it is being deleted"
        if name in self.ills:
            return self.ills[name]
        if not self.state.complete(name):
            return "it is being built" if self.running else _INCOMPLETE
        status = bad(self.state.outputs[name])
        return None if status is None else f"its status is {status}"

    def instance(self, name: str, traits: ImageTraits) -> VimInstance:
        spec, output = self.specs[name], self.state.outputs.get(name, {})
        return VimInstance(
            name=name,
            external_id=str(output.get("id") or ""),
            address=str(output.get("address") or ""),
            status=self.status(name),
            tags=spec.tags,
            resources=spec.resources,
            forwarding="routed" if traits.routed else "terminating",
            sources=tuple(str(each) for each in output.get("sources") or ()),
        )


def view(place: Workspace, state: State) -> View:
    """A component, given its state."""
    left = place.journal(lambda name: name not in state.specs and state.has(name))
    drift = place.drift()
    failed = {name: each.words for name, each in place.failures().items() if not state.complete(name)}
    return View(
        state=state,
        specs={**state.specs, **left},
        removals=place.removals(),
        ills={**failed, **(drift.ills if drift else {})},
        down=frozenset({*failed, *drift.gone, *drift.failed} if drift else failed),
        running=isinstance(place.run(), Run),
    )


def differences(made_from: InstanceSpec, spec: InstanceSpec, address: str) -> list[str]:
    """The fields in which a spec is another than that which an instance was made from.

    To name the address that it was given is none.
    """
    mine, other = (each.model_dump(mode="json", exclude={"addresses"}) for each in (made_from, spec))
    found = sorted(key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key))
    asked = set(spec.addresses.values())
    return [*found, *(["addresses"] if asked - {address} else [])]
