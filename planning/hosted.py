"""What only some VIMs can do with instances that run."""

from collections.abc import Sequence

from domain.deployments import Deployment, PlacedInstance
from domain.errors import InputError
from domain.names import HOSTED_KINDS
from planning.aims import listed


def refuse_unhosted(parts: Sequence[PlacedInstance], before: Deployment, what: str, instead: str) -> None:
    """Refuse what not all VIMs of these instances can do.

    :param what: as in `cannot be ...`
    :param instead: what can be done
    :raises InputError: with the instances, their PoPs and the kinds of VIM
    """
    kinds = before.vim_kinds
    lacking = [each for each in parts if kinds[each.pop] not in HOSTED_KINDS]
    if lacking:
        who = listed([f"{each.name} on {each.pop} ({kinds[each.pop]})" for each in lacking])
        able = " or ".join(HOSTED_KINDS)
        raise InputError(f"{who} cannot be {what}: only VIMs of kind {able} can; {instead}")
