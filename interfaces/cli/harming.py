"""Links of the emulator, made worse than they were built for."""

from collections.abc import Mapping

from adaptors.wan.emulated import open_wan
from adaptors.wan.records import Harm
from domain.errors import InputError
from domain.models import Model
from domain.units import LatencyMs
from interfaces.cli.output import table
from interfaces.cli.requests import checked
from workers.settings import Settings


class _Asked(Model):
    delay: LatencyMs | None = None
    loss: float | None = None


def harms() -> dict[str, Harm]:
    """Each link that a service uses."""
    return open_wan(Settings.from_environment().home).harms()


def harm(name: str, delay: str | None, loss: float | None) -> dict[str, Harm]:
    """Make a link worse, or well again; how it is now.

    :raises InputError: if nothing is said, or a delay is none
    :raises VimRefusedError: if no service uses such a link, or this machine has no WAN
    """
    asked = checked(_Asked, delay=delay, loss=loss)
    if asked.delay is None and asked.loss is None:
        raise InputError(f"link {name}: say how it is to be: --delay '40 ms', --loss 0.05, or both")
    wan = open_wan(Settings.from_environment().home)
    before = wan.harms().get(name, Harm())
    wanted = checked(
        Harm,
        delay_ms=before.delay_ms if asked.delay is None else asked.delay,
        loss=before.loss if asked.loss is None else asked.loss,
    )
    wan.harm(name, wanted)
    return {name: wanted}


def show(found: Mapping[str, Harm]) -> None:
    """A line for each link."""
    rows = [(name, f"{each.delay_ms:g} ms", f"{each.loss:.2%}") for name, each in sorted(found.items())]
    table(["link", "delay added", "loss"], rows)
