"""The clouds of the joint example: labs on this machine, and the infrastructure document that names them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from examples.demo_shell import HOME, INTERLACE, MORE, DemoError, announce
from lab.terraform.lab import TerraformLab

LABS = ("openstack", "kubernetes", "terraform")


def start_labs() -> list[str]:
    """Bring them up; those that are up stay as they are. Gives those that were not up before."""
    before = {lab: bool(_lab(lab, "status")["up"]) for lab in LABS}
    for lab in LABS:
        announce("lab", lab, "up")
        MORE.update(_lab(lab, "up")["environment"])
    return [lab for lab in LABS if not before[lab]]


def depot() -> TerraformLab:
    """The lab that Terraform fills."""
    return TerraformLab(Path(_lab("terraform", "status")["directory"]))


def stop_labs(labs: list[str]) -> None:
    """End those that this example has started."""
    for lab in reversed(labs):
        _lab(lab, "down")


def _lab(name: str, verb: str) -> dict[str, Any]:
    """Labs live in the user's own state directory, or below INTERLACE_TEST_LABS, not in the example's."""
    shared = os.environ.get("INTERLACE_TEST_LABS")
    where = ["--directory", str(Path(shared) / name)] if shared else []
    command = [INTERLACE, "lab", name, verb, *where, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=False)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        answer = {"error": {"message": done.stdout}}
    if "error" in answer:
        raise DemoError(f"`interlace lab {name} {verb}`: {answer['error']['message']}")
    return answer


def infrastructure() -> Path:
    """The document of the PoPs: two OpenStacks, a cluster, and a depot that Terraform fills."""
    file = HOME / "joint.yaml"
    file.write_text(json.dumps(_document(), indent=1))
    return file.rename(file.with_suffix(".json"))


def _document() -> dict[str, Any]:
    pops = {
        "berlin": _openstack("pop1-tenant", 52.52, 13.40),
        "paris": _openstack("pop2-tenant", 48.86, 2.35),
        "cluster": {
            "vim": {"kind": "kubernetes", "credential": "lab", "settings": {"egress": ["0.0.0.0/0"]}},
            "location": {"latitude": 50.11, "longitude": 8.68},
            "capacity": {"vcpus": 12, "memory": "24 GiB", "disk": "100 GiB"},
            "prices": {"vcpu_hour": 0.03},
        },
        "depot": {
            "vim": {"kind": "terraform", "settings": depot().pop_settings()},
            "location": {"latitude": 52.37, "longitude": 4.90},
            "capacity": {"vcpus": 8, "memory": "16 GiB", "disk": "200 GiB"},
            "prices": {"vcpu_hour": 0.02, "disk_gib_hour": 0.0002},
        },
    }
    between = [("berlin", "paris"), ("berlin", "cluster"), ("paris", "cluster"), ("cluster", "depot")]
    links = {
        f"{one}-{other}": {
            "between": [one, other],
            "bandwidth": "1 Gbit/s",
            "latency": "5 ms",
            "price_mbps_hour": 0.0001,
        }
        for one, other in between
    }
    return {"api_version": "interlace/v1", "kind": "Infrastructure", "pops": pops, "links": links}


def _openstack(cloud: str, latitude: float, longitude: float) -> dict[str, Any]:
    return {
        "vim": {"kind": "openstack", "credential": cloud, "settings": {"external_network": "public"}},
        "region": "functions",
        "location": {"latitude": latitude, "longitude": longitude},
        "capacity": {"vcpus": 8, "memory": "8 GiB", "disk": "40 GiB"},
        "prices": {"vcpu_hour": 0.05 if cloud.startswith("pop1") else 0.06},
    }
