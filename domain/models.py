"""The one base of all models that cross a boundary, and the vocabulary of names that they share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Model(BaseModel):
    """A frozen value that refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Documented(Model):
    """Part of what people write: what is said of its fields is in its JSON Schema, and is told by commands.

    To find that in the source takes time at each start, so others do without.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)


NAME_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A DNS label (RFC 1123, clause 2.1): lower-case letters, digits and inner hyphens, at most 63 characters."""

VERSION_PATTERN = r"^[0-9]+(\.[0-9]+){0,2}(-[0-9A-Za-z.-]+)?$"

Version = Annotated[str, StringConstraints(pattern=VERSION_PATTERN, max_length=40)]
"""A descriptor's version, such as 1, 1.2 or 1.2.3-rc1."""

PORT_PATTERN = r"^[a-z0-9-]+(\.[a-z0-9-]+)?$"
"""Of `component.connection-point`, or of an endpoint's name."""
CURRENCY_PATTERN = r"^[A-Z]{3}$"
