"""The port that every VIM adaptor serves; `tests/contract/test_vim_contract.py` holds each of them to it."""

from collections.abc import Callable, Mapping
from typing import Protocol

from domain.infrastructure import Resources
from domain.instances import InstanceSpec, VimInstance

Progress = Callable[[str], None]
"""Told what a call waits for, at least each 0.2 s. Where it raises, the call stops at once."""


class Vim(Protocol):
    """One PoP's VIM.

    Every method raises only VimRefusedError (for good) or VimUnavailableError (try again), and the message
    carries the PoP, the resource and the VIM's own words. All methods may be called from many threads.
    """

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        """Find or create the instance of that name and wait until it runs.

        A name that is taken by an instance of another spec is refused.
        """

    def read(self, name: str) -> VimInstance | None:
        """The instance of that name, or None where there is none."""

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        """The PoP's instances that carry all of these tags, by name."""

    def delete(self, name: str, progress: Progress) -> None:
        """Delete the instance and wait until it is gone; one that is not there is no error."""

    def capacity(self) -> tuple[Resources, Resources]:
        """What the PoP has in total, and what of it is in use."""
