"""From a request to what it aims at."""

from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.infrastructure import Infrastructure
from domain.lifecycle import AnyRequest
from domain.steering import PlanOrder
from planning.target import Target


def target(
    order: PlanOrder,
    request: AnyRequest,
    before: Deployment | None,
    descriptor: Descriptor,
    infrastructure: Infrastructure,
    *,
    present: Descriptor | None,
) -> Target:
    """What `request` makes of `before`.

    :param descriptor: the version wanted, as onboarded
    :param present: the version that runs, as onboarded; None where nothing runs
    :raises InputError: the request cannot be meant so, in words that say what would be right
    :raises InfeasibleError: it is clear without a placement that there is none
    """
    raise NotImplementedError
