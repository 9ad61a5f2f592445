"""What of the world a plan depends on."""

from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.lifecycle import AnyRequest
from domain.names import OperationKind
from domain.steering import Scope


def scope(
    kind: OperationKind, request: AnyRequest, before: Deployment | None, descriptor: Descriptor | None
) -> Scope:
    """What to ask the VIMs: of images, those that run and those wanted; of instances, those to be healed.

    :param descriptor: the version wanted, as onboarded; None where the operation has none
    """
    raise NotImplementedError
