"""Which requests fail, and how."""

import re
from dataclasses import dataclass

from domain.models import Model


class Fault(Model):
    """What happens to requests that match. Several wishes of one fault come in the order of the fields."""

    method: str = ""
    """Such as POST; empty for any."""
    path: str = ""
    """A regular expression, searched in the path with its query."""
    times: int | None = None
    """After so many requests it is over; None: until it is removed."""
    skip: int = 0
    """So many matching requests pass unharmed first."""
    delay_s: float = 0.0
    """Each request waits so long before it goes anywhere."""
    drop: bool = False
    """The connection is closed; the service never sees the request."""
    status: int | None = None
    """Answered so; the service never sees the request."""
    body: str = "an injected fault"
    headers: dict[str, str] = {}
    """Of that answer, such as Retry-After."""
    replace: dict[str, str] = {}
    """Headers of the request that reach the service with another value: X-Auth-Token for an expired token."""
    lose_answer: bool = False
    """The service did what was asked, then the connection is closed without a word."""


@dataclass(frozen=True)
class Call:
    """One request as it came in."""

    method: str
    path: str
    """With its query."""


@dataclass
class Counted:
    """A fault, and how many requests matched it so far."""

    fault: Fault
    seen: int = 0

    def takes(self, call: Call) -> bool:
        if not matches(self.fault, call):
            return False
        self.seen += 1
        nth = self.seen - self.fault.skip
        return nth > 0 and (self.fault.times is None or nth <= self.fault.times)


def matches(fault: Fault, call: Call) -> bool:
    return fault.method in ("", call.method) and re.search(fault.path, call.path) is not None
