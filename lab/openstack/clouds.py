"""clouds.yaml: how clients find the clouds of a lab."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lab.openstack.layout import Site

TENANT = "interlace"
"""The ordinary project of each cloud, and its user."""


def write(site: Site, pops: Iterable[int]) -> None:
    """Entries pop1, pop2 (administrator) and pop1-tenant, pop2-tenant (an ordinary project)."""
    entries = {}
    for pop in pops:
        entries[f"pop{pop}"] = _entry(site, pop, "admin", site.secrets.admin)
        entries[f"pop{pop}-tenant"] = _entry(site, pop, TENANT, site.secrets.tenant)
    write_entries(site.layout.clouds_yaml, entries)


def write_entries(path: Path, entries: Mapping[str, Any]) -> None:
    """A whole file in one step, readable by its owner only."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        yaml.safe_dump({"clouds": dict(entries)}, file, sort_keys=False)
    draft.replace(path)


def entry(path: Path, cloud: str, **changes: Any) -> dict[str, Any]:
    """One entry of a clouds.yaml with changes, such as compute_endpoint_override="http://127.0.0.1:1/v2.1".

    :raises KeyError: if there is no such cloud
    """
    found = yaml.safe_load(path.read_text())["clouds"][cloud]
    return {**found, **changes, "auth": {**found["auth"], **changes.get("auth", {})}}


def _entry(site: Site, pop: int, user: str, password: str) -> dict[str, Any]:
    return {
        "region_name": f"pop{pop}",
        "auth": {
            "auth_url": site.url(pop, "keystone"),
            "username": user,
            "password": password,
            "project_name": user,
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
    }
