#!/usr/bin/env python3
"""Pass HTTP requests on to the upstream server, except those with an SQL injection in their URL."""

import asyncio
import json
import sys
from collections import Counter
from typing import Any

import rules  # type: ignore[import-not-found]
from proxy import Proxy  # type: ignore[import-not-found]

LONGEST_URL = 4096
"""What is longer takes too long to look through."""


class Firewall(Proxy):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.blocked: Counter[str] = Counter()

    def refusal(self, head: Any) -> str | None:
        target = head.first[1]
        reason: str | None = rules.reason(target) if len(target) <= LONGEST_URL else "too-long"
        if reason is None:
            self.counts["passed"] += 1
            return None
        self.blocked[reason] += 1
        return f"blocked: the URL looks like an SQL injection ({reason})"

    async def report(self) -> str:
        numbers = {"requests": 0, "passed": 0, "bad_requests": 0, "upstream_failures": 0, **self.counts}
        blocked = {"blocked": self.blocked.total(), "blocked_by_rule": self.blocked}
        return json.dumps({**numbers, **blocked, "durations_s": self.durations.report()})


if __name__ == "__main__":
    try:
        asyncio.run(Firewall().run())
    except (OSError, ValueError) as error:
        sys.exit(f"application-firewall: {error}")
    except KeyboardInterrupt:
        pass
