"""What an emulated PoP may be told in its `vim.settings`."""

from typing import Literal

from pydantic import ValidationError

from adaptors.machine.abilities import Abilities, Datapath
from adaptors.vim.emulator.calls import Trouble
from domain.errors import InputError
from domain.instances import PopAccess
from domain.models import Model


class EmulatorSettings(Model):
    """Settings of one emulated PoP."""

    datapath: Literal["auto", "ovs", "nft"] = "auto"
    """What its switch is made of; auto takes the best that runs here."""


def settings_of(access: PopAccess) -> EmulatorSettings:
    """The PoP's settings, or an InputError with every field that is wrong."""
    try:
        return EmulatorSettings.model_validate(access.settings)
    except ValidationError as error:
        issues = [f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in error.errors()]
        raise InputError(f"PoP {access.name}: settings of the emulator: {'; '.join(issues)}") from error


def datapath_of(settings: EmulatorSettings, abilities: Abilities) -> Datapath:
    """The datapath to take here.

    :raises Trouble: where the one that is asked for does not run here
    """
    wanted = abilities.best if settings.datapath == "auto" else settings.datapath
    if wanted is None or wanted not in abilities.datapaths:
        asked = "no datapath" if wanted is None else f"datapath {wanted} does not"
        raise Trouble(f"{asked} run{'s' if wanted is None else ''} here: {abilities.why}; {MODELLED}")
    return wanted


MODELLED = "install what is missing, or use a PoP of kind modelled, which needs no privileges"
