"""The content of a function.yaml; docs/functions.md is the contract."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from domain.models import Model, Name, Version
from domain.units import DurationS

Value = str | int | float | bool
Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]

TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


class Setting(Model):
    """One key of the config that a descriptor may give to instances of the function."""

    type: Literal["string", "integer", "number", "boolean"]
    default: Value | None = None
    required: bool = False
    choices: tuple[Value, ...] = ()
    """Where there are any, a value is one of them."""
    description: str = ""

    def complaint(self, value: Any) -> str | None:
        """What is wrong with a value, in words; None where nothing is."""
        is_bool = isinstance(value, bool)
        if not isinstance(value, TYPES[self.type]) or (is_bool and self.type != "boolean"):
            article = "an" if self.type == "integer" else "a"
            return f"{value!r} is not {article} {self.type}"
        if self.choices and value not in self.choices:
            return f"{value!r} is not one of {', '.join(map(str, self.choices))}"
        return None

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if self.required and self.default is not None:
            raise ValueError("what is required needs no default: leave out one of the two")
        given = self.choices if self.default is None else (*self.choices, self.default)
        if complaint := next(filter(None, map(self.complaint, given)), None):
            raise ValueError(f"default and choices: {complaint}")
        return self


class Hooks(Model):
    """Commands, as words. The first is a path within the function's directory, or a command on PATH."""

    configure: Words | None = None
    """Once before start, and again while running after a change of config (INTERLACE_RUNNING=1)."""
    start: Words | None = None
    """The process that runs as long as the instance does; without it the kernel does the work."""
    check: Words | None = None
    """Healthy, where it exits with 0; its output is a line of detail."""
    ready: Words | None = None
    """Ready to serve now that the network is connected, where it exits with 0."""
    drain: Words | None = None
    """Take no new work and return when none is in flight."""
    report: Words | None = None
    """Print one JSON object of the function's own counters."""
    export: Words | None = None
    """Write the state that a successor needs into the directory INTERLACE_STATE, while it runs."""
    import_: Words | None = Field(default=None, alias="import")
    """Take the state in INTERLACE_STATE over, while it runs; given again, it counts once."""

    @model_validator(mode="after")
    def _states_go_both_ways(self) -> Self:
        if (self.export is None) != (self.import_ is None):
            lacking = "export" if self.export is None else "import"
            raise ValueError(f"export and import go together: {lacking} is missing")
        return self

    def items(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Those that are there, by name."""
        return ((name.rstrip("_"), words) for name, words in self if words is not None)


class Manifest(Model):
    """The content of a function.yaml."""

    api_version: Literal["interlace/v1"]
    kind: Literal["Function"]
    name: Name
    version: Version
    description: str = ""
    forwarding: Literal["routed", "terminating"]
    """Whether packets pass from one of its two connection points to the other, or end in it."""
    needs: tuple[Name, ...] = ()
    """Commands that must be on the machine."""
    single: bool = False
    """Two of one instance must never run at once: it ends before its successor begins."""
    ready_timeout: DurationS = 10.0
    config: dict[str, Setting] = {}
    hooks: Hooks = Hooks()
