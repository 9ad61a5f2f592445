"""`python -m examples.closed_loop`: a service that scales, heals and moves itself by its own policies.

The demonstration makes load and faults, and sees what becomes of them; what is to be done is said by
examples/elastic-shop.yaml alone. Packets are real, so it needs an emulator that can move them.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adaptors.machine.abilities import examine
from domain.names import OperationKind
from examples.closed_loop_customers import Customers
from examples.closed_loop_watch import Loop, watching
from examples.demo_operations import operate
from examples.demo_shell import HOME, INTERLACE, MORE, DemoError, environment, interlace, title

_SERVICE = "elastic"
_HERE = Path(__file__).parent
_SLOW_LINK, _FIRST, _SECOND = "hamburg-berlin", "berlin", "amsterdam"
QUIET, BUSY = 15, 58
"""Pages a second, at 20 for a replica: what one does; and what two do not, nor need there be four for."""
_KILL = "ss -lHtnp 'sport = :8080' | grep -o 'pid=[0-9]*' | cut -d= -f2 | xargs kill -9"
_WITHIN_S = 60.0
_SEEN_S = 5.0
"""For people to see what it is like before and after."""
_SOURCE = "INTERLACE_METRICS_SOURCE"


def main() -> None:
    """Run it alone; exit code 1 if something did not happen."""
    started = time.monotonic()
    interlace("down", "--all", "--yes", quiet=True, check=False)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    choose_source()
    try:
        title("Start a Temporal server and a worker on this machine")
        interlace("up")
        close_the_loop()
    except DemoError as error:
        print(f"\nThe closed loop failed: {error}\nThe logs are in {HOME / 'logs'}.")
        raise SystemExit(1) from None
    finally:
        interlace("down", "--all", "--yes", quiet=True, check=False)
    print(f"\nAll of it worked, in {time.monotonic() - started:.0f} s.")


def choose_source() -> None:
    """Workers that are started from now on get their figures where the demonstration will serve them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        MORE[_SOURCE] = f"http://127.0.0.1:{probe.getsockname()[1]}"


def close_the_loop() -> None:
    """All of it, where packets are real."""
    abilities, machine = examine(HOME)
    if machine is None:
        title("The closed loop: not shown")
        print(f"load, deaths and slow links need real packets, and this machine has none: {abilities.why}")
        return
    title("A service with policies: replicas follow the load, the dead are replaced, slow sites are left")
    interlace("infra", "apply", os.path.relpath(_HERE / "three-sites.yaml"))
    interlace("onboard", os.path.relpath(_HERE / "elastic-shop.yaml"))
    operate("instantiate", _SERVICE, "elastic-shop")
    report = Path(os.path.relpath(HOME / "closed-loop.html"))
    title("From here on the policies act by themselves; this demonstration only makes load and faults")
    customers = Customers(_SERVICE, "http://${load-balancer.address}/whoami")
    with _measured(), watching(_SERVICE, MORE[_SOURCE], report) as loop, customers.asking(QUIET):
        told = list(_happenings(loop, customers))
        answered, failed = customers.counts()
    title("What happened")
    print("".join(f"{line}\n" for line in told), end="")
    print(f"the customers asked {answered + failed} times: {answered} answered, {failed} not")
    interlace("policies", "history", _SERVICE)
    operate("terminate", _SERVICE)


@contextmanager
def _measured() -> Iterator[None]:
    """An exporter that probes chains often: a slow link is to be seen soon."""
    listen = MORE[_SOURCE].removeprefix("http://")
    words = [INTERLACE, "metrics", "serve", "--listen", listen, "--probe-interval", "2"]
    with (
        (HOME / "logs" / "exporter.log").open("wb") as log,
        subprocess.Popen(words, env=environment(), stdout=log, stderr=log) as exporter,
    ):
        try:
            yield
        finally:
            exporter.terminate()


def _happenings(loop: Loop, customers: Customers) -> Iterator[str]:
    """Each fault or load, and what the policies did about it."""
    yield _scaled_out(loop, customers)
    yield _healed(loop)
    yield _scaled_in(loop, customers)
    yield _moved(loop)
    time.sleep(_SEEN_S)


def _scaled_out(loop: Loop, customers: Customers) -> str:
    time.sleep(_SEEN_S)
    before = len(loop.places())
    customers.ask(BUSY)
    loop.note(f"customers ask for {BUSY} pages a second")
    took = loop.until("a scaling out to 3", lambda: len(loop.places()) == 3, _WITHIN_S)
    return f"more load: {before} replica became 3 within {took:.0f} s"


def _healed(loop: Loop) -> str:
    victim = sorted(loop.places())[-1]
    interlace("at", _SERVICE, victim, "--", "sh", "-c", _KILL, quiet=True)
    loop.note(f"{victim} is killed")
    took = loop.until("healing", lambda: loop.decided(OperationKind.HEAL, 1) is not None, _WITHIN_S)
    return f"a replica killed: {victim} was built anew within {took:.0f} s"


def _scaled_in(loop: Loop, customers: Customers) -> str:
    before = len(loop.places())
    customers.ask(QUIET)
    loop.note(f"customers ask for {QUIET} pages a second")
    took = loop.until("a scaling in", lambda: len(loop.places()) == 1, _WITHIN_S)
    return f"less load: {before} replicas became 1 within {took:.0f} s"


def _moved(loop: Loop) -> str:
    if set(loop.places().values()) != {_FIRST}:
        raise DemoError(f"the web servers should be in {_FIRST}, the cheapest PoP: {loop.places()}")
    interlace("faults", "link", _SLOW_LINK, "--delay", "40 ms", quiet=True)
    loop.note(f"the link {_SLOW_LINK} takes 40 ms more")
    took = loop.until("a move", lambda: set(loop.places().values()) == {_SECOND}, _WITHIN_S)
    return f"a slow link: the web servers left {_FIRST} for {_SECOND} within {took:.0f} s"


if __name__ == "__main__":
    main()
