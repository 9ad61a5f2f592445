"""The databases of the clouds: made once, copied, and told where things are."""

import base64
import os
from functools import partial
from pathlib import Path

from lab.openstack.commands import run, sql, together
from lab.openstack.layout import APIS, DATABASES, POPS, Site
from lab.openstack.services import script

# Nova keeps where its databases are in a database; these forms it fills in from its configuration.
_CELL = "{scheme}://{username}:{password}@{hostname}:{port}/{path}?{query}"
_CELL0 = "{scheme}://{username}:{password}@{hostname}:{port}/{path}_cell0?{query}"
_BROKER = "{scheme}://{username}:{password}@{hostname}:{port}/{path}"

CATALOGUE = {
    "identity": "keystone",
    "placement": "placement",
    "image": "glance",
    "network": "neutron",
    "compute": "nova-api",
    "block-storage": "cinder",
}
"""The type of each service in keystone's catalogue."""


def make(site: Site) -> None:
    """Fill the empty databases of all clouds; the server runs.

    The schemas are the same: one cloud's are made by hundreds of migrations, the others' are copies.
    """
    first, *rest = POPS
    together(partial(_schemas_of_networks, site, first), partial(_schemas_of_computes, site, first))
    copies = [f"pop{first}_nova:pop{first}_nova_cell0"]
    copies += [
        f"pop{first}_{name}:pop{pop}_{name}" for pop in rest for name in DATABASES if name != "nova_cell0"
    ]
    copies += [f"pop{first}_nova:pop{pop}_nova_cell0" for pop in rest]
    program = [str(site.bin / "python"), script("copy_schemas"), str(site.port("mariadb")), *copies]
    run(site, program, {"LAB_DATABASE_PASSWORD": site.secrets.database})
    together(*(partial(_administrator, site, pop) for pop in POPS))


def _settings(site: Site, pop: int, service: str, name: str) -> list[str | Path]:
    return ["--config-file", site.layout.settings_of(pop, service) / f"{name}.conf"]


def _schemas_of_networks(site: Site, pop: int) -> None:
    run(
        site,
        [site.bin / "neutron-db-manage", *_settings(site, pop, "neutron", "neutron"), "upgrade", "heads"],
    )
    run(site, [site.bin / "glance-manage", *_settings(site, pop, "glance", "glance-api"), "db_sync"])
    run(site, [site.bin / "cinder-manage", *_settings(site, pop, "cinder", "cinder"), "db", "sync"])


def _schemas_of_computes(site: Site, pop: int) -> None:
    nova = [site.bin / "nova-manage", *_settings(site, pop, "nova", "nova")]
    placement = _settings(site, pop, "placement", "placement")
    run(site, [site.bin / "keystone-manage", *_settings(site, pop, "keystone", "keystone"), "db_sync"])
    run(site, [site.bin / "placement-manage", *placement, "db", "sync"])
    run(site, [*nova, "api_db", "sync"])
    run(site, [*nova, "cell_v2", "map_cell0", "--database_connection", _CELL0])
    cell = ["--name", "cell1", "--database_connection", _CELL, "--transport-url", _BROKER]
    run(site, [*nova, "cell_v2", "create_cell", *cell])
    run(site, [*nova, "db", "sync", "--local_cell"])


def _administrator(site: Site, pop: int) -> None:
    """The first user of a cloud's keystone, and the keys that it signs tokens with."""
    for name in ("fernet", "credential"):
        _write_keys(site.layout.of_pop(pop) / name)
    url = site.url(pop, "keystone")
    run(
        site,
        [
            *(site.bin / "keystone-manage", *_settings(site, pop, "keystone", "keystone"), "bootstrap"),
            *("--bootstrap-region-id", f"pop{pop}"),
            *("--bootstrap-public-url", url, "--bootstrap-internal-url", url),
        ],
        {"OS_BOOTSTRAP_PASSWORD": site.secrets.admin},
    )


def _write_keys(directory: Path) -> None:
    directory.mkdir(parents=True, mode=0o700)
    for name in ("0", "1"):
        path = directory / name
        path.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
        path.chmod(0o600)


def relocate(site: Site) -> None:
    """Have the clouds know their ports and files where these are now, wherever they were made."""
    statements = [f"ALTER USER lab@'127.0.0.1' IDENTIFIED BY '{site.secrets.database}'"]
    for pop in POPS:
        keystone = f"pop{pop}_keystone"
        statements += [
            f"UPDATE {keystone}.endpoint e JOIN {keystone}.service s ON s.id = e.service_id "
            f"SET e.url = '{site.url(pop, api)}' WHERE s.type = '{kind}'"
            for kind, api in CATALOGUE.items()
        ]
        images = site.layout.of_pop(pop) / "images"
        statements.append(
            f"UPDATE pop{pop}_glance.image_locations "
            f"SET value = CONCAT('file://{images}/', SUBSTRING_INDEX(value, '/', -1))"
        )
    sql(site, "; ".join(statements))


assert set(CATALOGUE.values()) == set(APIS)
