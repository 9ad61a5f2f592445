"""The demonstration's packets: sent where the service's customers are, through the real chain."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from adaptors.machine.abilities import examine
from adaptors.wan.emulated import EmulatedWan, open_wan
from examples.demo_shell import HOME, DemoError, environment, interlace

_FRONT = "${load-balancer.address}"
REPLICAS = 2
_PAGES = 20
_BUSY = 1000
_TAP = Path(__file__).with_name("wiretap.py")
_MARKER = "only-the-customer-may-read-this"


def at(place: str, *words: str, quiet: bool = False, check: bool = True) -> str:
    """Run a command at an endpoint or instance of the shop."""
    return interlace("at", "shop", place, "--", *words, quiet=quiet, check=check)


def fetch_pages() -> None:
    """The page itself, who answers, and a counter that only the database in the south can keep."""
    at("customers", "curl", "-s", "--max-time", "5", f"http://{_FRONT}/")
    who_answers(REPLICAS)
    at("customers", "curl", "-s", "--max-time", "5", f"http://{_FRONT}/visits")


def fetch_page() -> str:
    """Who answers a customer; empty where nobody does."""
    return at(
        "customers", "curl", "-s", "--max-time", "2", f"http://{_FRONT}/whoami", quiet=True, check=False
    )


def who_answers(replicas: int) -> None:
    """Pages, each of them from one of so many replicas; all of these have their share."""
    loop = f"for i in $(seq {_PAGES}); do curl -s --max-time 5 http://{_FRONT}/whoami; echo; done"
    answers = [json.loads(line) for line in at("customers", "sh", "-c", loop, quiet=True).split("\n") if line]
    spread = Counter(answer["instance"] for answer in answers)
    print(f"{_PAGES} pages: " + ", ".join(f"{count} from {name}" for name, count in sorted(spread.items())))
    if len(answers) != _PAGES or len(spread) != replicas:
        raise DemoError(f"{_PAGES} pages from {replicas} replicas were expected")


def try_the_blocked_port() -> None:
    """A port that is open on the load balancer, but not in the firewall."""
    serve = "exec python3 -m http.server 2222 >/dev/null 2>&1"
    at("load-balancer-1", "sh", "-c", f"({serve}) & sleep 1", quiet=True)
    ask = ("curl", "-s", "--max-time", "2", "-o", "/dev/null", "-w", "%{http_code}", f"http://{_FRONT}:2222/")
    inside = at("load-balancer-1", *ask, quiet=True, check=False).strip()
    outside = at("customers", *ask, quiet=True, check=False).strip()
    print(f"port 2222 of the load balancer: asked by itself {inside}, by the customers {outside} (no answer)")
    if (inside, outside) != ("200", "000"):
        raise DemoError("the firewall should have blocked the customers, and nobody else")


def listen_on_the_wan() -> None:
    """What a customer sends, captured on each WAN link: unreadable where they are encrypted."""
    wan = open_wan(HOME)
    captures = {link: HOME / f"{link}.capture" for link in wan.links()}
    listeners = [_listen(*wan.capture_point(link), file) for link, file in captures.items()]
    time.sleep(1)
    for _ in range(5):
        at("customers", "curl", "-s", "-H", f"X-Marker: {_MARKER}", f"http://{_FRONT}/visits", quiet=True)
    time.sleep(1)
    for listener in listeners:
        listener.terminate()
        listener.wait()
    frames = {link: file.read_bytes() if file.exists() else b"" for link, file in captures.items()}
    busy = [link for link, seen in frames.items() if len(seen) > _BUSY]
    if not busy:
        raise DemoError(f"nothing was captured on the WAN links {', '.join(frames)}")
    print(f"captured {sum(map(len, frames.values()))} bytes on {len(busy)} WAN links, of {wan.overlay()}")
    _judge([link for link, seen in frames.items() if _MARKER.encode() in seen], wan)


def _judge(readable: list[str], wan: EmulatedWan) -> None:
    header = f"the customers' header {_MARKER!r}"
    if wan.encrypted():
        if readable:
            raise DemoError(f"{header} was seen in plaintext on {', '.join(readable)}")
        print(f"{header} is in none of them: they are encrypted")
        return
    if not readable:
        raise DemoError(f"{header} was not seen, although nothing is encrypted here")
    print(f"{header} can be read on {', '.join(readable)}: NOT encrypted")
    print(f"why: {examine(HOME)[0].overlay_why.removeprefix('not encrypted: ')}")


def _listen(namespace: str, interface: str, file: Path) -> subprocess.Popen[bytes]:
    machine = examine(HOME)[1]
    assert machine is not None
    return subprocess.Popen(
        machine.words([sys.executable, "-I", "-S", str(_TAP), interface, str(file)], namespace),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
