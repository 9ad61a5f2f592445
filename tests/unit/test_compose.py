"""The container deployment: structure of docker-compose.yml and Dockerfile, without an engine."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.names import SEARCH_ATTRIBUTES, TASK_QUEUES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
WORKERS = {name: service for name, service in SERVICES.items() if name.startswith("worker-")}


def test_every_task_queue_has_its_own_worker_service() -> None:
    assert {name: service["command"] for name, service in WORKERS.items()} == {
        f"worker-{queue}": ["--queues", queue] for queue in TASK_QUEUES
    }


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_workers_are_replicated_checked_and_given_time_to_finish(name: str) -> None:
    worker = WORKERS[name]
    assert worker["deploy"]["replicas"] >= 2
    assert worker["stop_grace_period"] == "40s"
    queue = name.removeprefix("worker-")
    assert worker["healthcheck"]["test"] == [
        *("CMD", "python", "-m", "workers"),
        *("--check", "--queues", queue),
    ]
    assert "container_name" not in worker, "a fixed name allows one replica only"
    assert "ports" not in worker


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_workers_wait_for_temporal_and_the_schema(name: str) -> None:
    waits = {other: how["condition"] for other, how in WORKERS[name]["depends_on"].items()}
    assert waits == {
        "temporal": "service_healthy",
        "temporal-attributes": "service_completed_successfully",
        "migrate": "service_completed_successfully",
    }


def test_the_migration_runs_once_after_its_database() -> None:
    migrate = SERVICES["migrate"]
    assert "exec python -m catalogue.migrate" in migrate["entrypoint"][-1]
    assert migrate["depends_on"] == {"catalogue-db": {"condition": "service_healthy"}}
    assert migrate["restart"] == "on-failure"
    assert "healthcheck" not in migrate


def test_the_search_attributes_are_those_of_the_domain() -> None:
    script = SERVICES["temporal-attributes"]["entrypoint"][-1]
    names = re.search(r"for name in (.*); do", script)
    assert names is not None
    assert tuple(names[1].split()) == SEARCH_ATTRIBUTES


def test_whatever_is_waited_for_exists_and_can_become_healthy() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], other
            assert other in SERVICES


def test_services_that_talk_share_a_network() -> None:
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for other in service.get("depends_on", {}):
            if {"healthcheck"} <= set(SERVICES[other]):
                assert set(service["networks"]) & set(SERVICES[other]["networks"]), f"{name} and {other}"


def test_only_the_loopback_address_is_published() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)] == []
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_every_image_is_pinned() -> None:
    for name, service in SERVICES.items():
        _, _, tag = service["image"].partition(":")
        assert re.match(r"\d+\.\d+", tag), f"{name}: {service['image']}"


def test_secrets_come_from_files_only() -> None:
    for secret in COMPOSE["secrets"].values():
        assert set(secret) == {"file"}
        assert secret["file"].startswith("./secrets/")
    assert "/secrets/" in (ROOT / ".gitignore").read_text().split()
    for name, service in SERVICES.items():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|PWD|TOKEN|SECRET", variable):
                assert variable.endswith("_FILE"), f"{name}: {variable}"
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            assert not re.search(r"://[^/@\s]+:[^/@\s]+@", str(value)), f"{name}: a password in {variable}"


def test_the_two_databases_are_apart_and_keep_their_data() -> None:
    temporal, catalogue = SERVICES["temporal-db"], SERVICES["catalogue-db"]
    assert not set(temporal["networks"]) & set(catalogue["networks"])
    assert not set(temporal["secrets"]) & set(catalogue["secrets"])
    for database in (temporal, catalogue):
        (mount,) = database["volumes"]
        volume, _, path = mount.partition(":")
        assert volume in COMPOSE["volumes"]
        assert path == "/var/lib/postgresql/data"
    assert temporal["volumes"] != catalogue["volumes"]


def test_the_image_is_locked_and_not_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    stages = [line for line in lines if line.startswith("FROM ")]
    assert all(stage.split()[1] == "python:3.12-slim" for stage in stages)
    assert any("--require-hashes -r requirements.lock" in line for line in lines)
    final = lines[lines.index(stages[-1]) :]
    assert [line for line in final if line.startswith("USER ")] == ["USER interlace"]
    assert final[-1] == 'ENTRYPOINT ["python", "-m", "workers"]'


def test_the_build_context_is_a_list_of_what_is_packaged() -> None:
    entries = (ROOT / ".dockerignore").read_text().split()
    assert entries[0] == "*"
    admitted = {entry.removeprefix("!") for entry in entries if entry.startswith("!")}
    pyproject = (ROOT / "pyproject.toml").read_text()
    packages = set(re.findall(r'^    "(\w+)\*",$', pyproject, re.MULTILINE))
    assert admitted == packages | {"LICENSE", "pyproject.toml", "requirements.lock"}


def _compose_command() -> list[str] | None:
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            answer = subprocess.run([*command, "version"], capture_output=True, timeout=30, check=False)
            if answer.returncode == 0:
                return command
    return None


def test_compose_accepts_the_file() -> None:
    command = _compose_command()
    if command is None:
        pytest.skip("no docker compose here")
    answer = subprocess.run(
        [*command, "-f", str(ROOT / "docker-compose.yml"), "config"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    resolved = yaml.safe_load(answer.stdout)
    assert set(resolved["services"]) == set(SERVICES)
