"""What HAProxy says and takes through its sockets, and the configuration that it is started with."""

import csv
import hashlib
import io
import ipaddress
import json
import os
import re
import socket
from collections.abc import Collection
from pathlib import Path
from typing import Any

DIRECTORY = Path(os.environ["INTERLACE_DIR"])
CHECKS = "check inter 1000 fastinter 300 downinter 100 rise 1 fall 2"

CONFIGURATION = """\
# Written by configure.py, again at each change.
global
    maxconn 4096
    hard-stop-after {drain_timeout}s
    stats socket {directory}/haproxy.sock mode 600 level admin expose-fd listeners

defaults
    mode {mode}
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout queue 5s
    timeout check 1s
    retries 3
    option redispatch 1
{http}
frontend front
    bind :{listen}
    default_backend back

backend back
    balance {algorithm}
{check}"""

HTTP = """\
    timeout http-request 10s
    timeout http-keep-alive 2s
    option http-server-close
    option forwardfor
    option http-ignore-probes
"""


def settings() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())
    return found


def backends(config: dict[str, Any]) -> list[str]:
    """Address and port of each backend; the text is its name too."""
    found = []
    for item in filter(None, (part.strip() for part in config["backends"].split(","))):
        address, _, port = item.partition(":")
        try:
            found.append(f"{ipaddress.IPv4Address(address)}:{int(port or config['backend_port'])}")
        except ValueError:
            raise SystemExit(f"load-balancer: backend {item!r} is not like 10.0.0.1:8080") from None
    return list(dict.fromkeys(found))


def configuration(config: dict[str, Any], servers: list[str]) -> str:
    """All of it, marked with a hash of what only a reload can change."""
    http = config["mode"] == "http"
    if not re.fullmatch(r"(/[!-~]*)?", config["health_path"]):
        raise SystemExit(f"load-balancer: health_path is like /healthz, not {config['health_path']!r}")
    check = config["health_path"] and f"    option httpchk GET {config['health_path']}\n"
    algorithm = f"{config['algorithm']}\n    hash-type consistent"
    values = {**config, "algorithm": algorithm, "directory": DIRECTORY, "check": check}
    text = CONFIGURATION.format(**{**values, "http": HTTP if http else ""})
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    text = text.replace("global\n", f"global\n    description {mark}\n")
    return text + "".join(f"    server {name} {name} {CHECKS}\n" for name in servers)


def ask(command: str, name: str = "haproxy.sock") -> str:
    """Its answer; the sockets take one command a connection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(DIRECTORY / name))
        connection.sendall(command.encode() + b"\n")
        with connection.makefile() as answer:
            return answer.read().strip()


def description() -> str:
    """The mark of the configuration that runs."""
    lines = dict(line.partition(": ")[::2] for line in ask("show info").splitlines())
    return lines.get("description", "")


def stat() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ask("show stat").removeprefix("# "))))


def servers() -> dict[str, dict[str, str]]:
    return {row["svname"]: row for row in stat() if row["pxname"] == "back" and row["svname"] != "BACKEND"}


def up(among: Collection[str] | None = None) -> list[str]:
    """The backends, or those of them, that answered their last check."""
    return [
        name
        for name, row in servers().items()
        if row["status"].startswith("UP")
        and row["check_status"] in ("L4OK", "L7OK")
        and (among is None or name in among)
    ]


def front() -> dict[str, str]:
    (row,) = (row for row in stat() if row["pxname"] == "front")
    return row


def back() -> dict[str, str]:
    """All backends together; its times are in ms, means of the last 1024 requests."""
    (row,) = (row for row in stat() if row["pxname"] == "back" and row["svname"] == "BACKEND")
    return row
