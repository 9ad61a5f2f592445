"""`make demo`: a complex service from its descriptor to ACTIVE, used, changed, and away again.

Everything is done with the command line that a user has; what it prints is what happened. Where this machine
allows it, packets are real: examples/demo_traffic.py sends them.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from adaptors.machine.abilities import examine
from examples.closed_loop import choose_source, close_the_loop
from examples.demo_lifecycle import heal, migrate, scale
from examples.demo_operations import operate
from examples.demo_shell import HOME, INTERLACE, DemoError, ask, environment, interlace, title
from examples.demo_traffic import fetch_pages, listen_on_the_wan, try_the_blocked_port

_TOPOLOGY = "sndlib/nobel-eu"
_EXAMPLE = Path(__file__).with_name("secure-shop.yaml")


def main() -> None:
    """Run the steps; exit code 1 if one of them fails. However it ends, nothing of it is left running."""
    started = time.monotonic()
    heed_signals()
    stop_earlier_run()
    choose_source()
    try:
        prepare()
        instantiate_with_a_killed_worker()
        dataplane = look()
        if dataplane == "modelled":
            print("no packets to show: PoPs are modelled here")
        else:
            use_it()
        change_it(real=dataplane != "modelled")
        nothing_lost()
        take_down()
        close_the_loop()
    except DemoError as error:
        print(f"\nThe demonstration failed: {error}\nThe logs are in {HOME / 'logs'}.")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit("\nInterrupted; what runs of it is ended.") from None
    finally:
        interlace("down", "--all", "--yes", quiet=True, check=False)
    print(f"\nAll of it worked, in {time.monotonic() - started:.0f} s. Nothing is left running.")
    print("Next: `.venv/bin/interlace up`, then README.md for your own service.")


def heed_signals() -> None:
    """SIGINT also where a shell has its background jobs ignore it, and SIGTERM like it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def stop_earlier_run() -> None:
    """An earlier run that was interrupted may still be up."""
    interlace("down", "--all", "--yes", quiet=True, check=False)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()


def prepare() -> None:
    """Temporal, workers, an infrastructure, a descriptor."""
    title("Start a Temporal server and a worker on this machine")
    interlace("up")
    title(f"A real topology: {_TOPOLOGY} (SNDlib, through topohub), link latency = length / 200 km/ms")
    infrastructure = os.path.relpath(HOME / "nobel-eu.yaml")
    interlace("infra", "generate", _TOPOLOGY, "-o", infrastructure)
    changes = ask("infra", "apply", infrastructure)["changes"]
    print(f"applied: {len(changes)} PoPs and links; capacities and prices are by rule")
    title("A service of network functions and microservices")
    interlace("onboard", os.path.relpath(_descriptor()))


def _descriptor() -> Path:
    """The example, but its chain takes pings too, to count them while the service changes."""
    file = HOME / _EXAMPLE.name
    file.write_text(_EXAMPLE.read_text().replace("classifier: {protocol: tcp}", "classifier: {}"))
    return file


def instantiate_with_a_killed_worker() -> None:
    """Start it, SIGKILL the worker once instances are being created, and watch it go on."""
    title("Instantiate it, and SIGKILL the worker midway")
    command = [INTERLACE, "instantiate", "shop", "secure-shop"]
    killed = False
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"  {line}", end="", flush=True)
            if not killed and line.split()[:2] == ["done", "create"]:
                killed = kill_worker()
    if process.returncode != 0:
        raise DemoError(f"instantiate ended with exit code {process.returncode}")
    if not killed:
        raise DemoError("no instance was seen done, so the worker was never killed")


def kill_worker() -> bool:
    """SIGKILL the worker process that is running."""
    worker = json.loads((HOME / "runtime.json").read_text())["workers"][0]["pid"]
    os.kill(worker, signal.SIGKILL)
    print(
        f"  >>> SIGKILL to worker {worker}: its supervisor starts another, the workflow goes on", flush=True
    )
    return True


def look() -> str:
    """Where it runs, over which routes, at what cost; the dataplane that carries it."""
    title("Where it runs, how it is joined, what it costs")
    interlace("status", "shop")
    service = ask("status", "shop")["service"]
    if service["state"] != "ACTIVE":
        raise DemoError(f"the service is {service['state']}")
    dataplane: str = service["connection"]["dataplane"]
    why = examine(HOME)[0].why
    print(f"\ndataplane: {dataplane}{f' (why not a better one: {why})' if why else ''}")
    return dataplane


def use_it() -> None:
    """Real packets through the chain: pages, the blocked port, the replicas, the round trip, the WAN."""
    title("Customers in Hamburg fetch pages through firewall and load balancer")
    fetch_pages()
    title("The firewall lets nothing else in")
    try_the_blocked_port()
    title("The round trip, measured against what the plan promised")
    interlace("probe", "shop")
    title("Who can read along between the sites?")
    listen_on_the_wan()


def change_it(real: bool) -> None:
    """Every operation makes a plan, follows it, and leaves the service as planned or as it was."""
    scale(real)
    migrate(real)
    heal(real)


def nothing_lost() -> None:
    """The world holds just what the ledger says."""
    title("Nothing lost, nothing doubled: the ledger against the infrastructure")
    interlace("audit")


def take_down() -> None:
    """Terminate, and look for traces."""
    title("Terminate it")
    operate("terminate", "shop")
    title("No trace is left")
    interlace("audit")
    usage = ask("infra", "show")["usage"]
    reserved = [pop for pop, used in usage["pops"].items() if used["vcpus"]]
    if reserved or ask("ps"):
        raise DemoError(f"a service or a reservation is left: {reserved}")
    print("no service, no reservation")


if __name__ == "__main__":
    main()
