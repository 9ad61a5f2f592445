"""`python -m examples.joint`: one service over OpenStack, Kubernetes and Terraform, all of them real.

Labs on this machine are the clouds (docs/labs.md). Everything is done with the command line that a user has.
"""

import shutil
import time
from pathlib import Path

from examples.demo_operations import operate
from examples.demo_shell import HOME, DemoError, ask, interlace, title
from examples.joint_clouds import infrastructure, start_labs, stop_labs
from examples.joint_listing import delete_server, listed

_EXAMPLE = Path(__file__).with_name("joint-shop.yaml")


def main() -> None:
    """Run the steps; exit code 1 if one of them fails."""
    started_at = time.monotonic()
    interlace("down", "--all", "--yes", quiet=True, check=False)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    started: list[str] = []
    try:
        title("Real clouds on this machine: two OpenStacks, a Kubernetes, and one that Terraform fills")
        started = start_labs()
        prepare()
        change()
        end()
    except DemoError as error:
        print(f"\nThe joint example failed: {error}\nThe logs are in {HOME / 'logs'}.")
        raise SystemExit(1) from None
    finally:
        interlace("down", "--all", "--yes", quiet=True, check=False)
        stop_labs(started)
    print(f"\nAll of it worked, in {time.monotonic() - started_at:.0f} s.")


def prepare() -> None:
    """Temporal, a worker, the clouds as PoPs, the service."""
    interlace("up")
    interlace("infra", "apply", str(infrastructure().relative_to(Path.cwd())))
    interlace("infra", "check")
    interlace("onboard", str(_EXAMPLE.relative_to(Path.cwd())))
    title("One service over all of them")
    operate("instantiate", "shop", "joint-shop")
    interlace("status", "shop")
    what_is_there()


def change() -> None:
    """Scaled in Kubernetes, moved from one OpenStack to the other, healed."""
    title("A third web server, in Kubernetes; the firewall in OpenStack is told")
    operate("scale", "shop", "web", "--by", "1")
    title("Both functions move to the other OpenStack, built there before they go here")
    operate("migrate", "shop", "edge-firewall=paris", "monitor=paris")
    title("Somebody deletes the firewall's server by hand")
    delete_server("paris", "shop-edge-firewall-1-")
    interlace("status", "shop")
    title("Heal finds and builds it anew")
    operate("heal", "shop")
    interlace("audit")
    what_is_there()


def end() -> None:
    """Terminate, and look for traces in each cloud's own listing."""
    title("Terminate it, and ask each cloud itself what is left")
    operate("terminate", "shop")
    interlace("audit")
    what_is_there()
    if left := [line for lines in listed().values() for line in lines]:
        raise DemoError(f"something is left: {', '.join(left)}")
    if ask("ps"):
        raise DemoError("a service is left")


def what_is_there() -> None:
    """By each cloud's own listing, not by ours."""
    for pop, lines in listed().items():
        print(f"{pop}: {', '.join(lines) or 'nothing'}")


if __name__ == "__main__":
    main()
