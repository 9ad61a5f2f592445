"""The demonstration's packets: sent where the service's customers are, through the real chain."""

import json
import subprocess
import time
from collections import Counter
from pathlib import Path

from adaptors.wan.emulated import open_wan
from examples.demo_shell import HOME, DemoError, environment, interlace

_FRONT = "${load-balancer.address}"
_REPLICAS = 2
_PAGES = 20
_MARKER = "only-the-customer-may-read-this"


def at(place: str, *words: str, quiet: bool = False, check: bool = True) -> str:
    """Run a command at an endpoint or instance of the shop."""
    return interlace("at", "shop", place, "--", *words, quiet=quiet, check=check)


def fetch_pages() -> None:
    """The page itself, who answers, and a counter that only the database in the south can keep."""
    at("customers", "curl", "-s", "--max-time", "5", f"http://{_FRONT}/")
    loop = f"for i in $(seq {_PAGES}); do curl -s --max-time 5 http://{_FRONT}/whoami; echo; done"
    answers = [json.loads(line) for line in at("customers", "sh", "-c", loop, quiet=True).split("\n") if line]
    spread = Counter(answer["instance"] for answer in answers)
    print(
        f"{_PAGES} more pages: " + ", ".join(f"{count} from {name}" for name, count in sorted(spread.items()))
    )
    if len(answers) != _PAGES or len(spread) != _REPLICAS:
        raise DemoError(f"{_PAGES} pages from {_REPLICAS} replicas were expected")
    at("customers", "curl", "-s", "--max-time", "5", f"http://{_FRONT}/visits")


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
    """What a customer sends, captured on each WAN link that it passes: none of it in plaintext."""
    wan = open_wan(HOME)
    links = wan.links()
    captures = {link: HOME / f"{link}.pcap" for link in links}
    listeners = [_listen(*wan.capture_point(link), file) for link, file in captures.items()]
    time.sleep(1)
    for _ in range(5):
        at("customers", "curl", "-s", "-H", f"X-Marker: {_MARKER}", f"http://{_FRONT}/visits", quiet=True)
    time.sleep(1)
    for listener in listeners:
        listener.terminate()
        listener.wait()
    sizes = {link: len(file.read_bytes()) for link, file in captures.items()}
    leaking = [link for link, file in captures.items() if _MARKER.encode() in file.read_bytes()]
    busy = [link for link, size in sizes.items() if size > 1000]
    print(f"captured {sum(sizes.values())} bytes on {len(busy)} WAN links: {wan.overlay()}")
    if wan.encrypted() and leaking:
        raise DemoError(f"plaintext was seen on {', '.join(leaking)}")
    seen = f"readable on {', '.join(leaking)}" if leaking else "in none of them"
    print(f"the customers' header {_MARKER!r} is {seen}")


def _listen(namespace: str, interface: str, file: Path) -> subprocess.Popen[bytes]:
    words = [
        "nsenter",
        f"--net=/run/netns/{namespace}",
        "tcpdump",
        "-U",
        "-s0",
        "-i",
        interface,
        "-w",
        str(file),
    ]
    return subprocess.Popen(
        words,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
