"""A Terraform provider over the lab's cloud, in Python; Terraform starts it as a program of its own."""

import signal
import threading
from pathlib import Path
from typing import Any

from tf import runner
from tf import types as t
from tf.iface import (
    Config,
    CreateContext,
    DeleteContext,
    ImportContext,
    ReadContext,
    Resource,
    State,
    UpdateContext,
)
from tf.schema import Attribute, Schema
from tf.utils import Diagnostics

from lab.terraform.provider_address import ADDRESS
from lab.terraform.world import Refusal, World

_stopping = threading.Event()
"""Terraform asked all providers to stop: what is under way ends soon, and with an answer."""


class LabProvider:
    """Provider `lab`: its only argument is the directory of the cloud, and a password if that has one."""

    def __init__(self) -> None:
        self.world = World(Path())

    def get_model_prefix(self) -> str:
        return "lab_"

    def full_name(self) -> str:
        return ADDRESS

    def get_provider_schema(self, diags: Diagnostics) -> Schema:
        directory = Attribute("directory", t.String(), required=True)
        return Schema(
            version=1,
            attributes=[directory, Attribute("password", t.String(), optional=True, sensitive=True)],
        )

    def validate_config(self, diags: Diagnostics, config: Config) -> None:
        """Nothing that its schema does not say."""

    def configure_provider(self, diags: Diagnostics, config: Config) -> None:
        self.world = World(Path(config["directory"]))
        known = self.world.directory / "password"
        if known.exists() and known.read_text().strip() != config.get("password"):
            diags.add_error("401 Unauthorized", "The lab's cloud does not know this password.")

    def get_data_sources(self) -> list[type[Any]]:
        return []

    def get_resources(self) -> list[type[Any]]:
        return [Server]

    def get_functions(self) -> list[type[Any]]:
        return []

    def new_resource(self, kind: type[Any]) -> Any:
        return kind(self)


class Server(Resource):  # type: ignore[misc]
    """Resource `lab_server`."""

    def __init__(self, provider: LabProvider) -> None:
        self._world = provider.world

    @classmethod
    def get_name(cls) -> str:
        return "server"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(
            version=1,
            attributes=[
                *(Attribute(name, t.String(), computed=True) for name in ("id", "address", "status")),
                *(_given(name, t.String()) for name in ("name", "image")),
                *(_given(name, t.Number()) for name in ("vcpus", "memory_mib", "disk_gib")),
                *(Attribute(name, t.Map(t.String()), optional=True) for name in ("config", "tags")),
                Attribute("environment", t.Map(t.String()), optional=True, sensitive=True),
            ],
        )

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        try:
            return self._world.create(planned, _stopping.is_set)
        except Refusal as refusal:
            ctx.diagnostics.add_error(f"Error creating server {planned['name']}", str(refusal))
            return None

    def read(self, ctx: ReadContext, current: State) -> State | None:
        try:
            return self._world.read(current["id"])
        except Refusal as refusal:
            ctx.diagnostics.add_error(f"Error reading server {current['name']}", str(refusal))
            return current

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        try:
            return self._world.update(current["id"], planned, _stopping.is_set)
        except Refusal as refusal:
            ctx.diagnostics.add_error(f"Error updating server {current['name']}", str(refusal))
            return current

    def delete(self, ctx: DeleteContext, current: State) -> State | None:
        try:
            self._world.delete(current["id"], current["name"], _stopping.is_set)
        except Refusal as refusal:
            ctx.diagnostics.add_error(f"Error deleting server {current['name']}", str(refusal))
            return current
        return None

    def import_(self, ctx: ImportContext, id: str) -> State | None:
        """By name: that is what is known of a server whose creation was cut off."""
        return self._world.find(id)


class _Patient(runner._ShutdownInterceptor):  # type: ignore[misc]
    """Ends the server when Terraform is done with it, not while calls are still to be answered."""

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        if handler_call_details.method.endswith("/StopProvider"):
            _stopping.set()
            return continuation(handler_call_details)
        return super().intercept_service(continuation, handler_call_details)


def _given(name: str, kind: Any) -> Attribute:
    return Attribute(name, kind, required=True, requires_replace=True)


def main() -> None:
    """Serve until Terraform says that it is enough; an interrupt of the terminal is Terraform's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    runner._ShutdownInterceptor = _Patient
    runner.run_provider(LabProvider())
