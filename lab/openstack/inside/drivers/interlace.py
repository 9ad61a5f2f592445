"""Nova's fake hypervisor, made to survive its restart and to fail on demand: nova.virt.interlace.

What it shall fail at stands in `faults.json` of the compute's state directory, read at each call; written by
`lab.openstack.hypervisor`.
"""

import json
import time
from pathlib import Path
from typing import Any

import nova.conf
from nova import exception
from nova.compute import power_state, vm_states
from nova.virt import fake

_LIVES = (vm_states.ACTIVE, vm_states.STOPPED, vm_states.PAUSED, vm_states.SUSPENDED, vm_states.RESIZED)
_LOOK_EVERY_S = 0.1


class LabDriver(fake.FakeDriverWithoutFakeNodes):
    """A host of 64 processors, 256 GiB and 2 TB, whose instances are entries in a table."""

    vcpus = 64
    memory_mb = 262144
    local_gb = 2000

    def spawn(self, context: Any, instance: Any, *words: Any, **named: Any) -> None:
        """Boot an instance; also one that arrives from another host."""
        self._meet("spawn", instance)
        super().spawn(context, instance, *words, **named)

    def destroy(self, context: Any, instance: Any, *words: Any, **named: Any) -> None:
        """End an instance; while `destroy_hangs` it stays in DELETING."""
        while self._faults(instance).get("destroy_hangs"):
            time.sleep(_LOOK_EVERY_S)
        super().destroy(context, instance, *words, **named)

    def migrate_disk_and_power_off(self, context: Any, instance: Any, *words: Any, **named: Any) -> Any:
        """The first half of a resize or a cold migration."""
        self._meet("migrate", instance)
        return super().migrate_disk_and_power_off(context, instance, *words, **named)

    def pre_live_migration(self, context: Any, instance: Any, *words: Any, **named: Any) -> Any:
        """At the host that an instance shall move to."""
        self._meet("live_migrate", instance)
        return super().pre_live_migration(context, instance, *words, **named)

    def get_info(self, instance: Any, use_cache: bool = True) -> Any:
        """What nova knows to be here is here, though this process forgot it with the one before."""
        settled = instance.host == self._host and not instance.task_state and instance.vm_state in _LIVES
        if settled and instance.uuid not in self.instances:
            self._remember(instance, instance.power_state)
        return super().get_info(instance, use_cache)

    def resume_state_on_host_boot(self, context: Any, instance: Any, *words: Any, **named: Any) -> None:
        """Nova wants it to run again."""
        if instance.uuid not in self.instances:
            self._remember(instance, power_state.RUNNING)

    def _remember(self, instance: Any, state: int) -> None:
        flavor = instance.flavor
        self.resources.claim(vcpus=flavor.vcpus, mem=flavor.memory_mb, disk=flavor.root_gb)
        self.instances[instance.uuid] = fake.FakeInstance(instance.name, state, instance.uuid)

    def _meet(self, step: str, instance: Any) -> None:
        """Take as long as was asked for, then fail if that was."""
        until = time.monotonic() + self._faults(instance).get(f"{step}_takes_s", 0.0)
        while time.monotonic() < until and self._faults(instance).get(f"{step}_takes_s"):
            time.sleep(_LOOK_EVERY_S)
        reason = self._faults(instance).get(f"{step}_fails")
        if reason and step == "spawn":  # this kind is not tried on another host
            raise exception.BuildAbortException(instance_uuid=instance.uuid, reason=reason)
        if reason:
            raise exception.NovaException(reason)

    def _faults(self, instance: Any) -> dict[str, Any]:
        """Those that concern an instance, by its name."""
        try:
            faults = json.loads((Path(nova.conf.CONF.state_path) / "faults.json").read_text())
        except FileNotFoundError:
            return {}
        return dict(faults) if faults["only"] in instance.display_name else {}
