"""Images in Glance, by the names that components give them."""

from difflib import get_close_matches
from typing import Any

from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.place import Place
from domain.models import Model
from domain.steering import ImageTraits

_SHOWN = 5


class Image(Model):
    """What we need to know of an image."""

    id: str
    name: str
    status: str
    min_disk: int
    min_ram: int
    traits: ImageTraits


def image_of(place: Place, asked: str) -> Image:
    """The image that a component asks for.

    :raises Refusal: if there is none, if there are several of that name, or if it cannot be used
    """
    wanted = place.settings.images.get(asked, asked)
    known = place.cloud.memory.recall("images", lambda: _listed(place))
    if not _matching(known, wanted):  # it may have been uploaded just now
        place.cloud.memory.forget("images")
        known = place.cloud.memory.recall("images", lambda: _listed(place))
    found = _matching(known, wanted)
    if not found:
        raise Refusal(_unknown(asked, wanted, known))
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise Refusal(f"there are {len(found)} images {wanted!r}: say which by its id in `images` ({ids})")
    if found[0].status != "active":
        place.cloud.memory.forget("images")
        raise Refusal(f"image {wanted!r} is {found[0].status}, not active")
    return found[0]


def _matching(known: list[Image], wanted: str) -> list[Image]:
    return [each for each in known if each.id == wanted] or [each for each in known if each.name == wanted]


def _listed(place: Place) -> list[Image]:
    return [_image(each) for each in place.connection.image.images()]


def _image(found: Any) -> Image:
    said = {**found.properties} if found.properties else {}
    return Image(
        id=found.id,
        name=found.name or "",
        status=found.status,
        min_disk=found.min_disk or 0,
        min_ram=found.min_ram or 0,
        traits=ImageTraits(
            single=_true(said.get("interlace_single")),
            routed=_true(said.get("interlace_routed")),
            stateful=_true(said.get("interlace_stateful")),
        ),
    )


def _true(value: object) -> bool:
    return str(value).lower() in ("true", "yes", "1")


def _unknown(asked: str, wanted: str, known: list[Image]) -> str:
    there = sorted(each.name for each in known)
    near = get_close_matches(wanted, there, _SHOWN) or there[:_SHOWN]
    renamed = f" (to which `images` leads {asked!r})" if wanted != asked else ""
    return f"there is no image {wanted!r}{renamed}; there is {', '.join(near) or 'none at all'}"
