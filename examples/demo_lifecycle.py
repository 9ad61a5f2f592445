"""The demonstration's operations on the running shop: scaled, moved as planned, healed."""

import time
from contextlib import nullcontext

from examples.demo_customers import Traffic, shopping
from examples.demo_operations import operate
from examples.demo_shell import DemoError, announce, ask, interlace, refusal, tell, title
from examples.demo_traffic import REPLICAS, at, fetch_page, who_answers

_FIREWALL, _VICTIM = "edge-firewall-1", "load-balancer-1"
_KILL = "ss -lHtnp 'sport = :80' | grep -o 'pid=[0-9]*' | cut -d= -f2 | xargs kill -9"
_PATIENCE_S = 20.0


def scale(real: bool) -> None:
    """A third replica, and back to two."""
    title("Scale out: a third replica of the web server, told to the load balancer")
    operate("scale", "shop", "web", "--by", "1")
    _replicas(real, REPLICAS + 1)
    title("Scale in again: the load balancer stops sending to it first")
    operate("scale", "shop", "web", "--by", "-1")
    _replicas(real, REPLICAS)


def _replicas(real: bool, wanted: int) -> None:
    if real:
        who_answers(wanted)
        return
    instances = ask("status", "shop")["service"]["instances"]
    there = [f"{each['name']} on {each['pop']}" for each in instances if each["component"] == "web"]
    print(f"replicas: {', '.join(there)}")
    if len(there) != wanted:
        raise DemoError(f"{wanted} replicas were expected")


def migrate(real: bool) -> None:
    """Look at a plan, then do exactly that; with real packets, customers go on shopping."""
    title("Plan before anything is done: may the firewall move next to the customers in Hamburg?")
    plan = _plan(_suitable(refusal("plan", "migrate", "shop", f"{_FIREWALL}=hamburg")))
    title(f"Apply that plan{', while customers ping and fetch pages' if real else ''}")
    with shopping() if real else nullcontext(Traffic()) as traffic:
        operate("apply", plan)
    if real:
        traffic.nothing_lost("from before the move until after it")


def _plan(pops: list[str]) -> str:
    """The first plan that there is for one of these PoPs, shown in short. Gives its id."""
    for pop in pops:
        words = ("plan", "migrate", "shop", f"{_FIREWALL}={pop}")
        said = interlace(*words, quiet=True, check=False)
        if "apply with" in said:
            announce(*words)
            paragraphs = said.split("\n\n")
            tell("\n\n".join([*paragraphs[:2], *(each for each in paragraphs if each.startswith("note"))]))
            plan = said.split()[1].rstrip(":")
            print(f"(short; routes, what PoPs and links hold, and each step: interlace plan show {plan})")
            return plan
    raise DemoError(f"no plan for the firewall on any of {', '.join(pops)}")


def _suitable(said: str) -> list[str]:
    """Where the firewall may be, by what the refused plan said; without the PoP where it is."""
    _, found, named = said.partition("(only ")
    if not found:
        raise DemoError(f"the refusal should say where the firewall may be: {said}")
    placements = ask("status", "shop")["service"]["plan"]["placements"]
    allowed = named.partition(")")[0].split(", ")
    here = placements[_FIREWALL]
    print(f"So not Hamburg; it is on {here} now.")
    return sorted((pop for pop in allowed if pop != here), key=lambda pop: pop not in placements.values())


def heal(real: bool) -> None:
    """Kill the load balancer, see it ill, have it built anew."""
    title("Kill the load balancer" + (": its process gets a SIGKILL" if real else ""))
    if real:
        at(_VICTIM, "sh", "-c", _KILL, quiet=True)
        print(_ailment())
        print(f"a page now: {fetch_page() or 'no answer'}")
    else:
        interlace("faults", "crash", _name_in_the_vim())
    title(f"Heal: what is ill is found and built anew{', at the same address' if real else ''}")
    operate("heal", "shop")
    if real:
        who_answers(REPLICAS)
        _all_healthy()


def _all_healthy() -> None:
    health = ask("status", "shop")["health"]
    if ill := [name for name, found in health.items() if found["state"] != "healthy"]:
        raise DemoError(f"still ill: {', '.join(ill)}")
    print(f"interlace status: {', '.join(health)}: all healthy")


def _ailment() -> str:
    """What `interlace status` says of the victim, once that has been noticed."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        health = ask("status", "shop")["health"].get(_VICTIM, {})
        if health.get("state") != "healthy":
            return f"interlace status: {_VICTIM} is {health.get('state')}: {health.get('detail')}"
    raise DemoError(f"{_VICTIM} was killed, and is still called healthy")


def _name_in_the_vim() -> str:
    """By which a modelled VIM knows the victim: as the plan to heal it does."""
    plan = ask("plan", "heal", "shop", _VICTIM, "--force")
    return next(str(each["resource"]) for each in plan["before"]["instances"] if each["name"] == _VICTIM)
