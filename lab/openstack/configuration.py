"""The configuration files of one cloud's services."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from lab.openstack.layout import COMPUTES, Site

Sections = dict[str, dict[str, object]]

_QUIET = (
    "amqp=WARN,sqlalchemy=WARN,oslo.messaging=INFO,oslo_messaging=INFO,keystonemiddleware=WARN,urllib3=WARN"
)
VOLUMES = "lab"
"""What cinder calls its one backend."""

_NOVA_PIPELINE = "etc/nova/api-paste.ini"
_UNLIMITED = -1
_SERVICE_DOWN_S = 30
_REPORT_S = 5


def write(site: Site, pop: int) -> None:
    """Write all files of a cloud, and make the directories that they name.

    Passwords are in them, so nobody else may read them.
    """
    for directory in _directories(site, pop):
        directory.mkdir(parents=True, exist_ok=True)
    for path, sections in _files(site, pop).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(_ini(sections))
    # Nova takes it for a configuration file and looks for it beside the others.
    shutil.copy(site.environment / _NOVA_PIPELINE, site.layout.settings_of(pop, "nova"))


def _directories(site: Site, pop: int) -> list[Path]:
    data = site.layout.of_pop(pop)
    images = [data / "images" / name for name in ("staging", "tasks", "locks")]
    hosts = [site.layout.of_compute(pop, number) for number in COMPUTES]
    states = [data / name for name in ("neutron", "nova", "cinder")]
    return [log_file(site, pop, "any").parent, *images, *states, *hosts]


def _ini(sections: Mapping[str, Mapping[str, object]]) -> str:
    return "\n".join(
        "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in options.items()), ""])
        for name, options in sections.items()
    )


def _files(site: Site, pop: int) -> dict[Path, Sections]:
    nova = site.layout.settings_of(pop, "nova")
    return {
        site.layout.settings_of(pop, "keystone") / "keystone.conf": _keystone(site, pop),
        site.layout.settings_of(pop, "placement") / "placement.conf": _placement(site, pop),
        site.layout.settings_of(pop, "glance") / "glance-api.conf": _glance(site, pop),
        site.layout.settings_of(pop, "neutron") / "neutron.conf": _neutron(site, pop),
        site.layout.settings_of(pop, "cinder") / "cinder.conf": _cinder(site, pop),
        nova / "nova.conf": _nova(site, pop),
        **{nova / f"{name}.conf": _host(site, pop, name) for name in ("conductor", "scheduler")},
        **{nova / f"compute{number}.conf": _compute(site, pop, number) for number in COMPUTES},
    }


def host_name(pop: int, compute: int) -> str:
    """What nova calls a fake compute host."""
    return f"pop{pop}-compute{compute}"


def log_file(site: Site, pop: int, service: str) -> Path:
    """Where a service of a cloud writes."""
    return site.layout.log / f"pop{pop}" / f"{service}.log"


def _common(site: Site, pop: int, service: str) -> dict[str, object]:
    return {
        "log_file": log_file(site, pop, service),
        "use_stderr": "false",
        "default_log_levels": _QUIET,
        "transport_url": site.broker(pop),
        "graceful_shutdown_timeout": 3,
    }


def _credentials(site: Site, pop: int) -> dict[str, object]:
    """By which one service asks another."""
    return {
        "auth_type": "password",
        "auth_url": site.url(pop, "keystone"),
        "username": "service",
        "password": site.secrets.service,
        "project_name": "service",
        "user_domain_id": "default",
        "project_domain_id": "default",
        "region_name": f"pop{pop}",
    }


def _tokens(site: Site, pop: int) -> dict[str, object]:
    """By which a service checks who asks it."""
    return {
        **_credentials(site, pop),
        "www_authenticate_uri": site.url(pop, "keystone"),
        "memcached_servers": f"127.0.0.1:{site.port('memcached')}",
        "service_token_roles": "service",
        "service_token_roles_required": "true",
    }


def _database(site: Site, pop: int, name: str) -> dict[str, object]:
    return {"connection": site.database(pop, name), "max_pool_size": 10}


def _keystone(site: Site, pop: int) -> Sections:
    keys = site.layout.of_pop(pop)
    return {
        "DEFAULT": _common(site, pop, "keystone"),
        "database": _database(site, pop, "keystone"),
        "token": {"provider": "fernet", "expiration": 86400},
        "fernet_tokens": {"key_repository": keys / "fernet"},
        "fernet_receipts": {"key_repository": keys / "fernet"},
        "credential": {"key_repository": keys / "credential"},
        "identity": {"password_hash_rounds": 4},
        "cache": {"enabled": "true", "backend": "oslo_cache.dict"},
        "oslo_policy": {"enforce_scope": "false"},
    }


def _placement(site: Site, pop: int) -> Sections:
    return {
        "DEFAULT": _common(site, pop, "placement"),
        "api": {"auth_strategy": "keystone"},
        "keystone_authtoken": _tokens(site, pop),
        "placement_database": _database(site, pop, "placement"),
    }


def _glance(site: Site, pop: int) -> Sections:
    images = site.layout.of_pop(pop) / "images"
    return {
        "DEFAULT": {**_common(site, pop, "glance"), "enabled_backends": "store:file"},
        "keystone_authtoken": _tokens(site, pop),
        "database": _database(site, pop, "glance"),
        "glance_store": {"default_backend": "store"},
        "store": {"filesystem_store_datadir": images},
        "os_glance_staging_store": {"filesystem_store_datadir": images / "staging"},
        "os_glance_tasks_store": {"filesystem_store_datadir": images / "tasks"},
        "paste_deploy": {
            "flavor": "keystone",
            "config_file": site.environment / "etc/glance/glance-api-paste.ini",
        },
        "oslo_concurrency": {"lock_path": images / "locks"},
    }


def _neutron(site: Site, pop: int) -> Sections:
    state = site.layout.of_pop(pop) / "neutron"
    kinds = ["network", "subnet", "port", "router", "floatingip", "security_group", "security_group_rule"]
    return {
        "DEFAULT": {
            **_common(site, pop, "neutron"),
            "core_plugin": "ml2",
            "service_plugins": "router,qos,trunk,port_forwarding,flow_classifier,sfc",
            "api_paste_config": site.environment / "etc/neutron/api-paste.ini",
            "state_path": state,
            "dhcp_agent_notification": "false",
        },
        "keystone_authtoken": _tokens(site, pop),
        "nova": _credentials(site, pop),
        "placement": _credentials(site, pop),
        "database": _database(site, pop, "neutron"),
        "oslo_concurrency": {"lock_path": state},
        "quotas": {f"quota_{kind}": _UNLIMITED for kind in kinds},
        "ml2": {
            "type_drivers": "flat,vlan,vxlan",
            "tenant_network_types": "vxlan",
            "mechanism_drivers": "interlace",
            "extension_drivers": "port_security,qos",
        },
        "ml2_type_flat": {"flat_networks": "*"},
        "ml2_type_vlan": {"network_vlan_ranges": "physical:100:999"},
        "ml2_type_vxlan": {"vni_ranges": "1:2000"},
        "sfc": {"drivers": "dummy"},
        "flowclassifier": {"drivers": "dummy"},
    }


def _nova(site: Site, pop: int) -> Sections:
    state = site.layout.of_pop(pop) / "nova"
    credentials = _credentials(site, pop)
    return {
        "DEFAULT": {
            **_common(site, pop, "nova-api"),
            "compute_driver": "interlace.LabDriver",
            "state_path": state,
            "my_ip": "127.0.0.1",
            "service_down_time": _SERVICE_DOWN_S,
            "report_interval": _REPORT_S,
            # Tasks start at once, not within a minute: the first server boots so much sooner.
            "periodic_fuzzy_delay": 0,
        },
        "api_database": _database(site, pop, "nova_api"),
        "database": _database(site, pop, "nova"),
        "wsgi": {"api_paste_config": site.environment / _NOVA_PIPELINE},
        "keystone_authtoken": _tokens(site, pop),
        **dict.fromkeys(("placement", "neutron", "glance"), credentials),
        # Neutron lets a tenant delete a server's ports only through nova.
        "service_user": {**credentials, "send_service_user_token": "true"},
        "oslo_concurrency": {"lock_path": state},
        "conductor": {"workers": 1},
        "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": _REPORT_S},
        # No agent says that a port is plugged in at the other host.
        "compute": {"live_migration_wait_for_vif_plug": "false"},
        "vnc": {"enabled": "false"},
        "quota": dict.fromkeys(("instances", "cores", "ram", "server_groups"), _UNLIMITED),
        "filter_scheduler": {"track_instance_changes": "false"},
        "cinder": {**credentials, "catalog_info": "block-storage::publicURL"},
        "key_manager": {"backend": "nova.keymgr.conf_key_mgr.ConfKeyManager", "fixed_key": "0" * 64},
    }


def _cinder(site: Site, pop: int) -> Sections:
    state = site.layout.of_pop(pop) / "cinder"
    return {
        "DEFAULT": {
            **_common(site, pop, "cinder"),
            "host": f"pop{pop}-control",
            "state_path": state,
            "api_paste_config": site.environment / "etc/cinder/api-paste.ini",
            "resource_query_filters_file": site.environment / "etc/cinder/resource_filters.json",
            "glance_api_servers": site.url(pop, "glance"),
            "enabled_backends": VOLUMES,
            "service_down_time": _SERVICE_DOWN_S,
            "report_interval": _REPORT_S,
            "periodic_interval": _REPORT_S,
            "periodic_fuzzy_delay": 0,
            # So long after a volume was deleted its room counts as taken.
            "backend_stats_polling_interval": _REPORT_S,
            **{f"quota_{kind}": _UNLIMITED for kind in ("volumes", "gigabytes", "snapshots")},
        },
        VOLUMES: {"volume_driver": "volumes.LabVolumes", "volume_backend_name": VOLUMES},
        "keystone_authtoken": _tokens(site, pop),
        "service_user": {**_credentials(site, pop), "send_service_user_token": "true"},
        "database": _database(site, pop, "cinder"),
        "oslo_concurrency": {"lock_path": state},
    }


def _host(site: Site, pop: int, name: str) -> Sections:
    return {"DEFAULT": {"host": f"pop{pop}-control", "log_file": log_file(site, pop, f"nova-{name}")}}


def _compute(site: Site, pop: int, number: int) -> Sections:
    return {
        "DEFAULT": {
            "host": host_name(pop, number),
            "state_path": site.layout.of_compute(pop, number),
            "log_file": log_file(site, pop, f"nova-compute{number}"),
        }
    }
