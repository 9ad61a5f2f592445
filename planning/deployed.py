"""From a placed target to the deployment that it will be."""

from collections.abc import Mapping

from domain.deployments import Deployment
from domain.models import Name
from domain.plans import Plan
from planning.target import Target


def deployed(
    target: Target, plan: Plan, before: Deployment | None, plan_id: str, vim_kinds: Mapping[Name, Name]
) -> Deployment:
    """The deployment after the operation: what stays keeps its name in the VIM, its addresses and its edits.

    :param plan: of `target.asked`
    :param vim_kinds: of each PoP that the plan uses; others do not matter
    """
    raise NotImplementedError
