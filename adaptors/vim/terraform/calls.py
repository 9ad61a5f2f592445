"""One call to a PoP that Terraform serves, and the errors that it may end with."""

import re
from dataclasses import dataclass

from domain.errors import VimRefusedError, VimUnavailableError

_FOR_GOOD = re.compile(
    r"quota|limit ?exceeded|no valid host|insufficient|exhausted|unauthori[sz]ed|forbidden|access ?denied"
    r"|authenticat|credential|permission|not permitted|invalid|unsupported|does not exist|not found"
    r"|already exists|conflict|\b40[0134]\b|missing required|no declaration|reference to undeclared",
    re.IGNORECASE,
)
_FOR_NOW = re.compile(
    r"time[d ]?-? ?out|connection (refused|reset)|temporar|try again|retry|throttl|too many requests"
    r"|rate ?limit|unavailable|interrupted|\b(429|50[0234])\b|no such host|network is unreachable"
    r"|plugin did not respond|deadline exceeded|could not connect|failed to connect|handshake|\bEOF\b",
    re.IGNORECASE,
)
_OF_CREDENTIAL = re.compile(r"unauthori|forbidden|denied|authenticat|credential|\b40[13]\b", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    """What is asked of which PoP; messages name it."""

    pop: str
    operation: str
    resource: str
    credential: str | None = None

    def refused(self, words: str) -> VimRefusedError:
        return VimRefusedError(f"{self._what()}: {words}{self._hint(words)}")

    def unavailable(self, words: str) -> VimUnavailableError:
        return VimUnavailableError(f"{self._what()}: {words}{self._hint(words)}")

    def failed(self, words: str, lasting: bool = False) -> VimRefusedError | VimUnavailableError:
        """The error that a provider's own words mean.

        :param lasting: what words mean that nobody knows; by default, that it may pass
        """
        lasting = not _FOR_NOW.search(words) and (lasting or bool(_FOR_GOOD.search(words)))
        return self.refused(words) if lasting else self.unavailable(words)

    def _what(self) -> str:
        return f"PoP {self.pop}: {self.operation} {self.resource}"

    def _hint(self, words: str) -> str:
        if not _OF_CREDENTIAL.search(words) or "credential " in words:
            return ""
        return f" (credential {self.credential or 'none is named in the PoP'})"
