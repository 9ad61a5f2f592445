"""Connections to OpenStacks: one for each credential and region, and so one token, for the whole process."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from openstack.config import OpenStackConfig
from openstack.connection import Connection
from openstack.exceptions import ConfigException

from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.locks import Locks
from adaptors.vim.openstack.memory import Memory
from adaptors.vim.openstack.sessions import keep_connected
from adaptors.vim.openstack.watching import Watch

_ANSWER_S = 30.0
"""How long a request may take where clouds.yaml says no `api_timeout`."""


class Cloud:
    """One OpenStack as one credential sees it; connected by the first call that needs it."""

    def __init__(self, credential: str, region: str | None) -> None:
        self._credential = credential
        self._region = region
        self._guard = threading.Lock()
        self._connection: Connection | None = None
        self._files: tuple[tuple[Path, float], ...] = ()
        self._watches: dict[str, Watch] = {}
        self.locks = Locks()
        self.memory = Memory()

    def connection(self) -> Connection:
        """The connection, made anew where the files that tell of the cloud have changed.

        :raises Refusal: where they do not tell of it
        """
        with self._guard:
            if self._connection is None or self._files != _dated(path for path, _ in self._files):
                self._connection = self._connected()
                self.memory = Memory()
            return self._connection

    def watch(self, pop: str) -> Watch:
        """What all who wait for servers of a PoP look at."""
        with self._guard:
            return self._watches.setdefault(pop, Watch(self.connection, pop))

    def _connected(self) -> Connection:
        try:
            config = OpenStackConfig()
            self._require(config)
            region = config.get_one(cloud=self._credential, **self._asked())
        except ConfigException as error:
            raise Refusal(f"cloud {self._credential!r} of clouds.yaml: {error}") from error
        if region.config.get("api_timeout") is None:
            region.config["api_timeout"] = _ANSWER_S
        made = Connection(config=region)
        keep_connected(made)
        made.session.get_token()  # now, so that those who come at the same moment share it
        files = (config.config_filename, config.secure_config_filename)
        self._files = _dated(Path(str(file)) for file in files if file)
        return made

    def _asked(self) -> dict[str, Any]:
        return {"region_name": self._region} if self._region else {}

    def _require(self, config: OpenStackConfig) -> None:
        known = sorted(config.get_cloud_names())
        if self._credential not in known:
            where = config.config_filename or "clouds.yaml, which is not there,"
            there = ", ".join(known) or "none"
            raise Refusal(f"{where} tells of no cloud {self._credential!r}; of these it tells: {there}")


def cloud_of(credential: str, region: str | None) -> Cloud:
    """The one of this process, as long as it is told of in the same place."""
    where = os.environ.get("OS_CLIENT_CONFIG_FILE")
    with _GUARD:
        return _CLOUDS.setdefault((credential, region, where), Cloud(credential, region))


_GUARD = threading.Lock()
_CLOUDS: dict[tuple[str, str | None, str | None], Cloud] = {}


def _dated(files: Iterable[Path]) -> tuple[tuple[Path, float], ...]:
    return tuple((file, file.stat().st_mtime if file.exists() else 0.0) for file in files)
