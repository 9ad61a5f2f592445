"""A driver of cinder whose volumes are entries in cinder's database, in a space that has an end."""

from typing import Any

from cinder import context, objects
from cinder.volume import driver

CAPACITY_GB = 2000


class LabVolumes(driver.VolumeDriver):
    """Every volume is there at once, and holds its image without a byte being read."""

    VERSION = "1"

    def check_for_setup_error(self) -> None:
        """Nothing has to be there."""

    def _update_volume_stats(self) -> None:
        """What the scheduler is told; deleted volumes take no room."""
        held = objects.VolumeList.get_all_by_host(context.get_admin_context(), self.host)
        self._stats = {
            "volume_backend_name": self.configuration.volume_backend_name,
            "vendor_name": "Interlace",
            "driver_version": self.VERSION,
            "storage_protocol": "fake",
            "total_capacity_gb": CAPACITY_GB,
            "free_capacity_gb": CAPACITY_GB - sum(each.size for each in held),
            "reserved_percentage": 0,
            "thin_provisioning_support": False,
        }

    def create_volume(self, volume: Any) -> None:
        """An empty one."""

    def clone_image(self, *_: Any) -> tuple[dict[str, Any], bool]:
        """One that holds an image."""
        return {}, True

    def delete_volume(self, volume: Any) -> None:
        """Cinder forgets it afterwards."""

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Cinder notes its size."""

    def create_export(self, *_: Any) -> None:
        """Nobody reads it."""

    def ensure_export(self, *_: Any) -> None:
        """Nobody reads it."""

    def remove_export(self, *_: Any) -> None:
        """Nobody reads it."""

    def initialize_connection(self, volume: Any, connector: Any) -> dict[str, Any]:
        """What nova's fake hypervisor never looks at."""
        return {"driver_volume_type": "fake", "data": {"volume_id": volume.id}}

    def terminate_connection(self, volume: Any, connector: Any, **_: Any) -> None:
        """There is none."""
