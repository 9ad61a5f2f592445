"""What became of instances behind Terraform's back, as its refresh sees it; nothing is changed by looking."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from python_terraform import IsFlagged

from adaptors.vim.port import Progress
from adaptors.vim.terraform.cli import Cli
from adaptors.vim.terraform.recovering import locked_out
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.states import State, bad, belongs, instances_in
from adaptors.vim.terraform.workspaces import Drift


def look(site: Site, cli: Cli, state: State, progress: Progress, not_before: float) -> Drift:
    """What is wrong with which instance, as it was at `not_before` or later.

    :raises VimRefusedError: if Terraform, or the provider, refuses to look
    :raises VimUnavailableError: if it cannot look now
    """
    known = cli.place.drift()
    if known is not None and known.at >= not_before:
        return known
    site.ready(cli, progress)
    began = time.time()
    shown = _refreshed(site, cli, progress)
    outputs = instances_in(shown["planned_values"].get("outputs", {})) if shown else state.outputs
    found = _compared(began, state, outputs, shown)
    cli.place.note(found)
    return found


def _refreshed(site: Site, cli: Cli, progress: Progress) -> dict[str, Any]:
    """Terraform's plan to take what has changed into the state; empty where nothing has."""
    place = cli.place
    plan = place.directory / "look.bin"
    for _ in range(2):
        looked = cli.run(
            "plan",
            progress,
            log=place.directory / "look.log",
            json=IsFlagged,
            detailed_exitcode=IsFlagged,
            refresh_only=IsFlagged,
            out=str(plan),
            var_file=str(place.values),
            lock_timeout=f"{site.settings.lock_timeout:g}s",
        )
        if not locked_out(cli, looked, progress):
            break
    try:
        if not looked.ok:
            raise cli.call.failed(f"terraform plan -refresh-only: {cli.words_of(looked)}")
        return _shown(cli, progress, str(plan)) if looked.code == 2 else {}
    finally:
        plan.unlink(missing_ok=True)


def _shown(cli: Cli, progress: Progress, plan: str) -> dict[str, Any]:
    path = cli.place.directory / "shown.json"
    ended = cli.run("show", progress, plan, log=path, recorded=False, json=IsFlagged)
    try:
        if not ended.ok:
            raise cli.call.failed(f"terraform show: {cli.words_of(ended)}")
        content: dict[str, Any] = json.loads(path.read_text())
        return content
    finally:
        path.unlink(missing_ok=True)


def _compared(
    began: float, state: State, outputs: Mapping[str, Mapping[str, Any]], shown: Mapping[str, Any]
) -> Drift:
    complete = [name for name in state.specs if state.complete(name)]
    gone = tuple(name for name in complete if not outputs.get(name, {}).get("address"))
    statuses = {name: bad(outputs.get(name, {})) for name in state.specs}
    failed = {name: f"its status is {status}" for name, status in statuses.items() if status}
    ills = {}
    for name in state.specs:
        words = ["it is gone"] if name in gone else [failed[name]] if name in failed else []
        words += _drifted(shown, name)
        if words:
            ills[name] = "; ".join(words)
    return Drift(at=began, ills=ills, gone=gone, failed=tuple(failed))


def _drifted(shown: Mapping[str, Any], name: str) -> Iterator[str]:
    """Resources that were deleted, or whose arguments were changed, in Terraform's terms."""
    for drift in shown.get("resource_drift", []):
        address, change = drift["address"], drift["change"]
        if not belongs(address, name):
            continue
        if "delete" in change["actions"]:
            yield f"{address} has been deleted outside of Terraform"
            continue
        said = configured(shown.get("configuration", {}), address)
        before, after = change.get("before") or {}, change.get("after") or {}
        changed = sorted(key for key in said if before.get(key) != after.get(key))
        if changed:
            yield f"{address} has changed outside of Terraform: {', '.join(changed)}"


def configured(configuration: Mapping[str, Any], address: str) -> frozenset[str]:
    """The arguments that the configuration gives a resource; what its provider computes is none of them."""
    module = configuration.get("root_module", {})
    words = _plain(address).split(".")
    while words[:1] == ["module"]:
        module = module.get("module_calls", {}).get(words[1], {}).get("module", {})
        words = words[2:]
    for resource in module.get("resources", []):
        if [resource["type"], resource["name"]] == words:
            return frozenset(resource.get("expressions", {}))
    return frozenset()


def _plain(address: str) -> str:
    """Without indexes; a key may hold dots and brackets."""
    found, depth, quoted = [], 0, False
    for letter in address:
        if letter == '"':
            quoted = not quoted
        elif letter == "[" and not quoted:
            depth += 1
        elif letter == "]" and not quoted:
            depth -= 1
        elif not depth and not quoted:
            found.append(letter)
    return "".join(found)
