"""What both clouds share: the database server, the message broker, the cache of tokens."""

import json
import os
import shutil
from pathlib import Path

from lab.daemons import Daemon
from lab.openstack.layout import DATABASES, POPS, Site
from lab.port import LabError

_RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_NODE = "lab@localhost"
# An idle Erlang scheduler otherwise spins for a while before it sleeps.
_ERLANG = "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none"
PACKAGES = ("mariadb-server-core", "mariadb-client-core", "rabbitmq-server", "memcached")


def missing() -> bool:
    """Whether Debian packages are to be installed first."""
    commands = ("mariadbd", "mariadb-install-db", "memcached", "epmd")
    return not _RABBIT.exists() or any(_which(command) is None for command in commands)


def command(name: str) -> str:
    """The path of a command.

    :raises LabError: if it is not installed
    """
    found = _which(name)
    if found is None:
        raise LabError(f"{name} is not installed; Debian packages needed: {' '.join(PACKAGES)}")
    return found


def _which(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def daemons(site: Site) -> list[Daemon]:
    """In the order in which they are to be started."""
    return [_memcached(site), _mariadb(site), _epmd(site), _rabbitmq(site)]


def write_settings(site: Site) -> None:
    """Their configuration, which holds passwords."""
    settings = site.layout.settings
    settings.mkdir(parents=True, exist_ok=True)
    settings.chmod(0o700)
    (settings / "init.sql").write_text(_sql(site))
    (settings / "definitions.json").write_text(json.dumps(_definitions(site)))
    (settings / "plugins").write_text("[].\n")
    (settings / "rabbitmq-env.conf").write_text("")
    (settings / "rabbitmq.conf").write_text(
        f"load_definitions = {settings / 'definitions.json'}\n"
        "vm_memory_high_watermark.absolute = 1GB\n"
        "disk_free_limit.absolute = 50MB\n"
        "log.file.level = warning\n"
    )


def _sql(site: Site) -> str:
    """Run at each start of the server: the databases are there, and point to where things are now."""
    user = f"lab@'127.0.0.1' IDENTIFIED BY '{site.secrets.database}'"
    names = [f"pop{pop}_{name}" for pop in POPS for name in DATABASES]
    return "\n".join(
        [
            f"CREATE USER IF NOT EXISTS {user};",
            "GRANT ALL ON *.* TO lab@'127.0.0.1';",
            *(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb3;" for name in names),
            "",
        ]
    )


def _definitions(site: Site) -> dict[str, object]:
    hosts = [f"pop{pop}" for pop in POPS]
    everything = {"user": "lab", "configure": ".*", "write": ".*", "read": ".*"}
    return {
        "users": [{"name": "lab", "password": site.secrets.broker, "tags": "administrator"}],
        "vhosts": [{"name": name} for name in ("/", *hosts)],
        "permissions": [{"vhost": name, **everything} for name in hosts],
    }


def _as_root() -> list[str]:
    return ["--user=root"] if os.geteuid() == 0 else []


def install_databases(site: Site) -> list[str]:
    """The command that makes an empty data directory for the database server."""
    return [
        command("mariadb-install-db"),
        "--no-defaults",
        *_as_root(),
        f"--datadir={site.layout.data / 'mysql'}",
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
    ]


def _mariadb(site: Site) -> Daemon:
    options = {
        "datadir": site.layout.data / "mysql",
        "bind-address": "127.0.0.1",
        "port": site.port("mariadb"),
        "socket": "mariadb.sock",  # in the data directory: a whole path could be too long for one
        "pid-file": "mariadb.pid",
        "init-file": site.layout.settings / "init.sql",
        "max-connections": 800,
        "character-set-server": "utf8mb3",
        "innodb-buffer-pool-size": "192M",
        "innodb-log-file-size": "64M",
        # What it holds outlives the kill of any process, not of the machine: it is soon made anew.
        "innodb-flush-log-at-trx-commit": 2,
        "innodb-flush-method": "nosync",
        "innodb-doublewrite": 0,
        "innodb-stats-persistent": 0,
        "performance-schema": "off",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    return Daemon(
        "mariadb",
        (command("mariadbd"), "--no-defaults", *_as_root(), *words, "--skip-log-bin", "--skip-name-resolve"),
        port=site.port("mariadb"),
    )


def _memcached(site: Site) -> Daemon:
    port = site.port("memcached")
    user = ("-u", "root") if os.geteuid() == 0 else ()
    words = ("-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "64")
    return Daemon("memcached", (command("memcached"), *words, *user), port=port)


def _epmd(site: Site) -> Daemon:
    """Where Erlang's nodes find each other. The broker would start one that outlives it."""
    port = site.port("epmd")
    return Daemon("epmd", (command("epmd"), "-port", str(port), "-address", "127.0.0.1"), port=port)


def _rabbitmq(site: Site) -> Daemon:
    settings, state, log = site.layout.settings, site.layout.directory / "rabbit", site.layout.log / "rabbit"
    for directory in (state, log):
        directory.mkdir(parents=True, exist_ok=True)
    environment = {
        "HOME": state,
        "ERL_EPMD_PORT": site.port("epmd"),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": _NODE,
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": site.port("rabbitmq"),
        "RABBITMQ_DIST_PORT": site.port("rabbitmq-peers"),
        "RABBITMQ_MNESIA_BASE": state,
        "RABBITMQ_LOG_BASE": log,
        "RABBITMQ_LOGS": log / "rabbit.log",
        "RABBITMQ_CONFIG_FILE": settings / "rabbitmq",
        "RABBITMQ_CONF_ENV_FILE": settings / "rabbitmq-env.conf",
        "RABBITMQ_ENABLED_PLUGINS_FILE": settings / "plugins",
        "RABBITMQ_PID_FILE": state / "pid",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
    }
    return Daemon(
        "rabbitmq",
        (str(_RABBIT),),
        {name: str(value) for name, value in environment.items()},
        port=site.port("rabbitmq"),
        logs=(log / "rabbit.log",),
    )
