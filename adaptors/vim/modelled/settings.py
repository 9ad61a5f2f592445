"""What a modelled PoP may be told in its `vim.settings`."""

from pydantic import ConfigDict, Field, ValidationError

from domain.errors import InputError
from domain.instances import PopAccess
from domain.models import Model
from domain.steering import ImageTraits
from domain.units import DurationS, MemoryMib


class Quota(Model):
    """Upper bounds of the tenant at this PoP; none means only the PoP's capacity counts."""

    model_config = ConfigDict(strict=True)

    instances: int | None = Field(default=None, ge=0)
    vcpus: int | None = Field(default=None, ge=0)
    memory: MemoryMib | None = None


class ModelledSettings(Model):
    """Settings of one modelled PoP; the delays are none unless given."""

    model_config = ConfigDict(strict=True)

    create_delay: DurationS = 0.0
    unattended: bool = True
    """Whether the VIM goes on building where its caller has died. If not, an instance is there after
    `create_delay` and not before, and who asks again waits for all of it again."""
    delete_delay: DurationS = 0.0
    configure_delay: DurationS = 0.0
    resize_delay: DurationS = 0.0
    move_delay: DurationS = 0.0
    answer_timeout: DurationS = 30.0
    """How long a read, a list or a look at the capacity waits for a VIM that hangs."""
    quota: Quota = Quota()
    functions: dict[str, ImageTraits] = {}
    """What images say of themselves, by `name:version` or by `name` for all of its versions."""

    @property
    def unattended_s(self) -> float:
        """How long an instance is being built once it is recorded."""
        return self.create_delay if self.unattended else 0.0

    def traits(self, image: str) -> ImageTraits:
        """Of an image that nothing is said of, nothing is special."""
        name = image.rpartition(":")[0] or image
        return self.functions.get(image) or self.functions.get(name) or ImageTraits()


def settings_of(access: PopAccess) -> ModelledSettings:
    """The PoP's settings, or an InputError with every field that is wrong."""
    try:
        return ModelledSettings.model_validate(access.settings)
    except ValidationError as error:
        issues = [f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in error.errors()]
        raise InputError(f"PoP {access.name}: settings of the modelled VIM: {'; '.join(issues)}") from error
