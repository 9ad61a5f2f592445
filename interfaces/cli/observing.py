"""Looking at the instances of a service, several at once; one that does not answer hides no other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from activities.pops import Pops
from adaptors.vim.port import Observation
from catalogue.store import Catalogue
from domain.errors import InterlaceError, VimRefusedError
from domain.models import Model
from domain.names import CLOUD_KINDS, NETWORKED_KINDS
from interfaces.cli.places import Place

_AT_ONCE = 8

State = Literal["healthy", "UNHEALTHY", "NO ANSWER"]


class Health(Model):
    """How an instance is."""

    state: State
    detail: str
    """What is wrong, or what its check said."""


class Observed(Model):
    """An instance as it was seen."""

    name: str
    pop: str
    health: Health
    observation: Observation | None
    """None where it could not be observed."""


def healths(catalogue: Catalogue, home: Path, found: tuple[Place, ...]) -> dict[str, Health]:
    """Place -> how it is; of those that run on a VIM that runs something."""
    real = tuple(place for place in found if place.vim_kind in (*NETWORKED_KINDS, *CLOUD_KINDS))
    return {each.name: each.health for each in look_at(catalogue, home, real)}


def look_at(catalogue: Catalogue, home: Path, found: tuple[Place, ...]) -> tuple[Observed, ...]:
    """Observe every place, in their order."""
    pops = Pops(catalogue, home)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="observe") as pool:
        return tuple(pool.map(lambda place: _look(pops, place), found))


def _look(pops: Pops, place: Place) -> Observed:
    try:
        seen = _seen(pops, place)
    except InterlaceError as error:
        return Observed(name=place.name, pop=place.pop, health=_unseen(error), observation=None)
    except KeyError:
        health = Health(state="NO ANSWER", detail=f"PoP {place.pop} is no longer in the infrastructure")
        return Observed(name=place.name, pop=place.pop, health=health, observation=None)
    health = Health(state="healthy" if seen.healthy else "UNHEALTHY", detail=seen.detail)
    return Observed(name=place.name, pop=place.pop, health=health, observation=seen)


def _seen(pops: Pops, place: Place) -> Observation:
    """Of what runs in a cloud, only whether the cloud calls it well."""
    if place.vim_kind not in CLOUD_KINDS:
        return pops.networked(place.pop).observe(place.resource)
    ailment = pops.vim(place.pop).ailment(place.resource)
    return Observation(healthy=ailment is None, detail=ailment or f"its {place.vim_kind} says so")


def _unseen(error: InterlaceError) -> Health:
    """A PoP that refuses has answered: most likely the instance is not there."""
    if isinstance(error, VimRefusedError):
        return Health(state="UNHEALTHY", detail=str(error).rpartition(" says: ")[2])
    return Health(state="NO ANSWER", detail=str(error))
