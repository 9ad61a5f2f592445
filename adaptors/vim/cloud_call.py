"""What is asked of a cloud, and the errors that its answers mean."""

from dataclasses import dataclass
from typing import ClassVar

from domain.errors import VimRefusedError, VimUnavailableError


@dataclass(frozen=True)
class CloudCall:
    """What is asked of which PoP, with whose credential."""

    speaker: ClassVar[str]
    """Who answers, such as OpenStack."""
    kept: ClassVar[str]
    """What a credential is, such as a cloud in the worker's clouds.yaml."""

    pop: str
    operation: str
    resource: str
    credential: str

    def refused(self, words: str) -> VimRefusedError:
        """For good."""
        return VimRefusedError(f"{self._what()} was refused; {self.speaker} says: {words}")

    def unavailable(self, words: str, retry_after_s: float | None = None) -> VimUnavailableError:
        """It said so, for now."""
        return VimUnavailableError(f"{self._what()} failed; {self.speaker} says: {words}", retry_after_s)

    def unanswered(self, words: str) -> VimUnavailableError:
        """It said nothing."""
        return VimUnavailableError(f"{self._what()} failed; {self.speaker} does not answer: {words}")

    def denied(self, words: str) -> VimRefusedError:
        """For whose credential it is."""
        return self.refused(f"{words} (credential {self.credential!r}, {self.kept})")

    def _what(self) -> str:
        return f"PoP {self.pop}: {self.operation} of {self.resource}"
