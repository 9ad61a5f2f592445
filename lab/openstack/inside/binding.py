"""A mechanism driver of neutron that binds each port wherever it is wanted, since no agent runs here.

It comes with the drivers that neutron's QoS and trunk plugins ask for, to which nothing happens either.
"""

from typing import Any

from neutron.services.qos.drivers.openvswitch.driver import SUPPORTED_RULES
from neutron.services.trunk.drivers import base as trunks
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from neutron_lib.services.qos import base as qos
from neutron_lib.services.trunk import constants as trunk_constants

NAME = "interlace"


class _Rules(qos.DriverBase):
    is_loaded = True


class _Trunks(trunks.DriverBase):
    is_loaded = True


class LabMechanism(api.MechanismDriver):
    """Ports are ACTIVE once they are bound."""

    _companions: tuple[Any, ...] = ()

    @property
    def connectivity(self) -> str:
        return str(portbindings.CONNECTIVITY_L2)

    def initialize(self) -> None:
        """Called once for each process; the companions register themselves."""
        if self._companions:
            return
        rules = _Rules(
            name=NAME,
            vif_types=[portbindings.VIF_TYPE_OVS],
            vnic_types=[portbindings.VNIC_NORMAL, portbindings.VNIC_DIRECT],
            supported_rules=SUPPORTED_RULES,
            requires_rpc_notifications=False,
        )
        trunk = _Trunks(
            NAME,
            (portbindings.VIF_TYPE_OVS,),
            (trunk_constants.SEGMENTATION_TYPE_VLAN,),
            agent_type=None,
            can_trunk_bound_port=True,
        )
        LabMechanism._companions = (rules, trunk)

    def bind_port(self, context: Any) -> None:
        """Take the first segment there is."""
        for segment in context.segments_to_bind[:1]:
            details = {portbindings.CAP_PORT_FILTER: True, portbindings.OVS_HYBRID_PLUG: False}
            context.set_binding(
                segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=constants.PORT_STATUS_ACTIVE
            )

    def update_port_postcommit(self, context: Any) -> None:
        """A live migration leaves the port DOWN, for an agent at the new host to report it."""
        port, bound = context.current, context.vif_type == portbindings.VIF_TYPE_OVS
        if bound and context.host and port["status"] == constants.PORT_STATUS_DOWN:
            directory.get_plugin().update_port_status(
                context.plugin_context, port["id"], constants.PORT_STATUS_ACTIVE, context.host
            )
