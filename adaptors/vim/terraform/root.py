"""The root module that is generated around a PoP's module, and the values of its variables.

It keeps what each instance is made from as a resource of Terraform's own, so that the state alone tells all.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adaptors.vim.terraform.module import PopModule
from adaptors.vim.terraform.settings import Backend
from domain.instances import InstanceSpec

STATE = "terraform.tfstate"


def generate(
    directory: Path,
    module: PopModule,
    names: Mapping[str, str],
    backend: Backend | None,
    variables: frozenset[str],
    sensitive: frozenset[str],
) -> dict[str, Any]:
    """The configuration, in Terraform's JSON syntax.

    :param names: pop, service and component
    :param variables: those of the PoP
    :param sensitive: those among the PoP's variables that its credential gives
    """
    return {
        "terraform": {"required_version": ">= 1.5.0", "backend": _backend(names, backend)},
        "variable": {
            "instances": {"type": "any"},
            "records": {"type": "map(string)"},
            "secrets": {"type": "map(map(string))", "sensitive": True, "default": {}},
            **{name: _declared(name in sensitive) for name in sorted(variables)},
        },
        "resource": {"terraform_data": {"record": {"for_each": "${var.records}", "input": "${each.value}"}}},
        "module": {"pop": _called(directory, module, names, variables)},
        "output": {"module": {"value": "${module.pop}", "sensitive": True}},
    }


def _called(
    directory: Path, module: PopModule, names: Mapping[str, str], variables: frozenset[str]
) -> dict[str, Any]:
    """The module, with what it declares of our variables, and all of the PoP's."""
    own = [name for name in ("pop", "service", "component") if name in module.variables]
    secrets = ["secrets"] if "secrets" in module.variables else []
    return {
        "source": _source(directory, module.directory),
        **{name: names[name] for name in own},
        **{name: f"${{var.{name}}}" for name in ("instances", *secrets, *sorted(variables))},
    }


def state_file(directory: Path, names: Mapping[str, str], backend: Backend | None) -> Path | None:
    """Where the state is, if that is a file of this machine."""
    kind, config = next(iter(_backend(names, backend).items()))
    return directory / config["path"] if kind == "local" and "path" in config else None


def values(instances: Mapping[str, InstanceSpec], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Of the root's variables: all but the secret ones."""
    return {
        **variables,
        "instances": {name: _told(spec) for name, spec in instances.items()},
        "records": {name: spec.model_dump_json() for name, spec in instances.items()},
    }


def _told(spec: InstanceSpec) -> dict[str, Any]:
    """What a module is told of an instance."""
    said = spec.model_dump(mode="json", exclude={"resources", "pop", "secrets", "addresses"})
    said["exposed"] = sorted(said["exposed"])
    size = spec.resources
    return {**said, "vcpus": size.vcpus, "memory_mib": size.memory, "disk_gib": size.disk}


def _backend(names: Mapping[str, str], backend: Backend | None) -> dict[str, Any]:
    if backend is None:
        return {"local": {"path": STATE}}
    return {backend.type: _filled(backend.config, names)}


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, names) for each in value]
    if isinstance(value, str):
        for name, said in names.items():
            value = value.replace(f"{{{name}}}", said)
    return value


def _declared(sensitive: bool) -> dict[str, Any]:
    """What comes by the environment is taken as it is only where it is a string."""
    return {"type": "string", "sensitive": True} if sensitive else {"type": "any"}


def _source(directory: Path, module: Path) -> str:
    """Relative: Terraform copies a module of an absolute path, away from what lies beside it."""
    relative = os.path.relpath(module.resolve(), directory.resolve())
    return relative if relative.startswith("..") else f"./{relative}"


def save(path: Path, content: Any) -> None:
    """Write JSON that nobody else reads, in one step."""
    draft = path.with_name(f"{path.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=1)
    draft.replace(path)
