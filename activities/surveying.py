"""Looking at what a plan depends on: what images are like, which instances are ill, which PoPs are silent."""

from functools import partial

from temporalio import activity

from activities.pops import Pops
from activities.together import together
from activities.translation import translated
from domain import names
from domain.errors import InterlaceError, VimRefusedError, VimUnavailableError
from domain.steering import ImageTraits, Survey, SurveyOrder


class SurveyingActivities:
    """Asks the VIMs of one kind."""

    def __init__(self, pops: Pops, kind: str) -> None:
        self._pops = pops
        self._kind = kind

    @activity.defn(name=names.SURVEY)
    def survey(self, order: SurveyOrder) -> Survey:
        """What the VIMs answer; a PoP that does not is noted, and the others are asked."""
        with translated():
            looking = _Looking(self._pops.at_once())
            together([partial(looking.at, *each) for each in sorted(order.instances.items())], "looked at")
            asked = sorted(set(order.instances.values())) or self._pops.of_kind(self._kind)
            return Survey(
                traits=looking.traits(order.images, asked), ailments=looking.ailments, silent=looking.silent
            )


class _Looking:
    def __init__(self, pops: Pops) -> None:
        self._pops = pops
        self.ailments: dict[str, str] = {}
        self.silent: dict[str, str] = {}

    def at(self, resource: str, pop: str) -> None:
        """Look at one instance, unless its PoP was silent already."""
        if pop in self.silent:
            return
        try:
            ailment = self._pops.vim(pop).ailment(resource)
        except InterlaceError as error:  # refused, too: this machine cannot run the emulator, say
            self.silent[pop] = str(error)
        else:
            if ailment is not None:
                self.ailments[resource] = ailment

    def traits(self, images: tuple[str, ...], pops: "tuple[str, ...] | list[str]") -> dict[str, ImageTraits]:
        """By image, from the first PoP that says something of it."""
        found: dict[str, ImageTraits] = {}
        for pop in pops:
            left = [image for image in images if image not in found]
            if pop not in self.silent and left:
                activity.heartbeat(f"asking {pop} for {', '.join(left)}")
                found |= self._traits_at(pop, left)
        return found

    def _traits_at(self, pop: str, images: list[str]) -> dict[str, ImageTraits]:
        """A refusal is of that image: it is unknown there."""
        found: dict[str, ImageTraits] = {}
        for image in images:
            try:
                found[image] = self._pops.vim(pop).traits(image)
            except VimUnavailableError as error:
                self.silent[pop] = str(error)
                break
            except VimRefusedError:
                continue
        return found
