#!/usr/bin/env python3
"""What the running HAProxy says of itself: check, ready, drain or report."""

import json
import sys
import time

import haproxy  # type: ignore[import-not-found]


def check() -> None:
    row = haproxy.front()
    if row["status"] != "OPEN":
        sys.exit(f"the port is {row['status']}")
    print(f"{len(haproxy.up())} of {len(haproxy.servers())} backends up, {row['scur']} sessions")


def ready() -> None:
    """All backends that it was given have been checked and answer."""
    missing = sorted(set(haproxy.servers()) - set(haproxy.up()))
    if missing:
        sys.exit(f"backends that do not answer yet: {', '.join(missing)}")
    print(f"{len(haproxy.up())} backends up")


def drain() -> None:
    haproxy.ask("disable frontend front")
    while int(haproxy.front()["scur"]) > 0:
        time.sleep(0.05)


def report() -> None:
    total = haproxy.front()
    backends = {
        name: {
            "status": row["status"],
            "sessions": int(row["scur"]),
            "served": int(row["stot"]),
            "bytes_in": int(row["bin"]),
            "bytes_out": int(row["bout"]),
            "failed_checks": int(row["chkfail"] or 0),
        }
        for name, row in haproxy.servers().items()
    }
    numbers = {"requests": int(total["req_tot"] or 0), "connections": int(total["stot"])}
    numbers |= {"sessions": int(total["scur"]), "errors": int(total["hrsp_5xx"] or 0)}
    latency = {"mean": float(haproxy.back()["ttime"] or 0)} if int(haproxy.back()["stot"] or 0) else {}
    print(json.dumps({**numbers, "latency_ms": latency, "backends": backends}))


if __name__ == "__main__":
    try:
        {"check": check, "ready": ready, "drain": drain, "report": report}[sys.argv[1]]()
    except OSError as error:
        sys.exit(f"HAProxy does not answer: {error}")
