"""`make demo`: a complex service from its descriptor to ACTIVE and away again, with a worker killed midway.

Everything is done with the command line that a user has; what it prints is what happened.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_HOME = Path(".interlace-demo").resolve()
_INTERLACE = str(Path(sys.executable).parent / "interlace")
_TOPOLOGY = "sndlib/germany50"
_DESCRIPTOR = "examples/secure-shop.yaml"


class DemoError(Exception):
    """A step of the demonstration did not do what it should."""


def main() -> None:
    """Run the steps; exit code 1 if one of them fails."""
    started = time.monotonic()
    stop_earlier_run()
    try:
        prepare()
        instantiate_with_a_killed_worker()
        look()
        take_down()
    except DemoError as error:
        print(f"\nThe demonstration failed: {error}\nThe logs are in {_HOME / 'logs'}.")
        raise SystemExit(1) from None
    finally:
        interlace("down", quiet=True, check=False)
    print(f"\nAll of it worked, in {time.monotonic() - started:.0f} s. Nothing is left running.")
    print("Next: `.venv/bin/interlace up`, then README.md for your own service.")


def stop_earlier_run() -> None:
    """An earlier run that was interrupted may still be up."""
    interlace("down", quiet=True, check=False)
    shutil.rmtree(_HOME, ignore_errors=True)
    _HOME.mkdir()


def prepare() -> None:
    """Temporal, workers, an infrastructure, a descriptor."""
    title("Start a Temporal server and a worker on this machine")
    interlace("up")
    title(f"A real topology: {_TOPOLOGY} (SNDlib, through topohub), link latency = length / 200 km/ms")
    infrastructure = str(_HOME / "germany50.yaml")
    interlace("infra", "generate", _TOPOLOGY, "--create-delay", "1500 ms", "-o", infrastructure)
    changes = json.loads(interlace("infra", "apply", infrastructure, "--json", quiet=True))["changes"]
    print(f"applied: {len(changes)} PoPs and links; capacities and prices are by rule")
    title("A service of network functions and microservices")
    interlace("onboard", _DESCRIPTOR)


def instantiate_with_a_killed_worker() -> None:
    """Start it, SIGKILL the worker once instances are being created, and watch it go on."""
    title("Instantiate it, and SIGKILL the worker midway")
    command = [_INTERLACE, "instantiate", "shop", "secure-shop"]
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
    worker = json.loads((_HOME / "runtime.json").read_text())["workers"][0]["pid"]
    os.kill(worker, signal.SIGKILL)
    print(
        f"  >>> SIGKILL to worker {worker}: its supervisor starts another, the workflow goes on", flush=True
    )
    return True


def look() -> None:
    """Where it runs, over which routes, at what cost; and that the world holds just that."""
    title("Where it runs, how it is joined, what it costs")
    interlace("status", "shop")
    status = json.loads(interlace("status", "shop", "--json", quiet=True))["service"]
    if status["state"] != "ACTIVE":
        raise DemoError(f"the service is {status['state']}")
    title("Nothing lost, nothing doubled: the ledger against the infrastructure")
    interlace("audit")


def take_down() -> None:
    """Terminate, and look for traces."""
    title("Terminate it")
    interlace("terminate", "shop")
    title("No trace is left")
    interlace("audit")
    usage = json.loads(interlace("infra", "show", "--json", quiet=True))["usage"]
    reserved = [pop for pop, used in usage["pops"].items() if used["vcpus"]]
    if reserved or json.loads(interlace("ps", "--json", quiet=True)):
        raise DemoError(f"a service or a reservation is left: {reserved}")
    print("no service, no reservation")


def title(text: str) -> None:
    """A heading."""
    print(f"\n== {text}", flush=True)


def environment() -> dict[str, Any]:
    """A state directory of the demonstration's own, and no Temporal of anybody else."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("TEMPORAL_", "INTERLACE_"))}
    return {**own, "INTERLACE_HOME": str(_HOME)}


def interlace(*words: str, quiet: bool = False, check: bool = True) -> str:
    """Run a command of Interlace, show it and what it prints."""
    if not quiet:
        print(f"$ interlace {' '.join(words)}", flush=True)
    done = subprocess.run(
        [_INTERLACE, *words], env=environment(), capture_output=True, text=True, check=False
    )
    if not quiet:
        print("".join(f"  {line}\n" for line in (done.stdout + done.stderr).splitlines()), end="", flush=True)
    if check and done.returncode != 0:
        raise DemoError(
            f"`interlace {' '.join(words)}` ended with exit code {done.returncode}: {done.stderr.strip()}"
        )
    return done.stdout


if __name__ == "__main__":
    main()
