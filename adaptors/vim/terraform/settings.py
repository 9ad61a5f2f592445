"""What a PoP that Terraform serves may be told in its `vim.settings`."""

import json
from typing import Any

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from domain.errors import InputError
from domain.instances import PopAccess
from domain.models import Model
from domain.steering import ImageTraits
from domain.units import DurationS

OWN_VARIABLES = frozenset({"instances", "secrets", "pop", "service", "component"})
"""What the module is given by us, where it declares it."""


class Backend(Model):
    """Where Terraform keeps a component's state."""

    model_config = ConfigDict(strict=True)

    type: str = Field(pattern=r"^[a-z0-9]+$")
    """Such as s3, http, pg, gcs, local."""
    config: dict[str, Any] = {}
    """Its arguments; {pop}, {service} and {component} within them stand for the names."""

    @model_validator(mode="after")
    def _tells_components_apart(self) -> "Backend":
        said = json.dumps(self.config)
        missing = [f"{{{name}}}" for name in ("service", "component") if f"{{{name}}}" not in said]
        if missing:
            raise ValueError(
                f"config must say {' and '.join(missing)} somewhere, such as in its key or address: "
                "each component has a state of its own"
            )
        return self


class TerraformSettings(Model):
    """Settings of one PoP that Terraform serves."""

    model_config = ConfigDict(strict=True)

    module: str = Field(min_length=1)
    """Directory of the module; a relative one is below Interlace's state directory."""
    variables: dict[str, Any] = {}
    """Given to the module as they are."""
    backend: Backend | None = None
    """None: a file below Interlace's state directory."""
    cli_config: str | None = None
    """TF_CLI_CONFIG_FILE of this PoP: mirrors, credentials of registries."""
    timeout: DurationS = 1800.0
    """Of one run of Terraform; then it is interrupted."""
    grace: DurationS = 30.0
    """What an interrupted run has to write its state, before it is killed."""
    lock_timeout: DurationS = 10.0
    """How long Terraform waits for a state that somebody else has locked."""
    parallelism: int = Field(default=10, ge=1, le=256)
    adopt: dict[str, str] = {}
    """Resource type -> what it is imported by where its creation was cut off; {key} is its for_each key."""
    rebuild: tuple[str, ...] = Field(default=(), strict=False)
    """Resource types that are replaced where an instance has failed; none: all that the instance has."""
    replace_on_configure: bool = False
    """Whether an instance may be replaced where its config cannot be changed in place."""
    functions: dict[str, ImageTraits] = {}
    """What images say of themselves, by `name:version` or by `name` for all of its versions."""

    @field_validator("variables")
    @classmethod
    def _not_ours(cls, variables: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted(OWN_VARIABLES & variables.keys()):
            raise ValueError(f"{', '.join(taken)}: Interlace itself gives the module these")
        return variables

    def traits(self, image: str) -> ImageTraits:
        """Of an image that nothing is said of, nothing is special."""
        name = image.rpartition(":")[0] or image
        return self.functions.get(image) or self.functions.get(name) or ImageTraits()


def settings_of(access: PopAccess) -> TerraformSettings:
    """The PoP's settings, or an InputError with every field that is wrong."""
    try:
        return TerraformSettings.model_validate(access.settings)
    except ValidationError as error:
        issues = [f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in error.errors()]
        raise InputError(f"PoP {access.name}: settings of Terraform: {'; '.join(issues)}") from error
