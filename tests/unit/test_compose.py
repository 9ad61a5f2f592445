"""docker-compose.yml and Dockerfile keep the deployment's rules; each rule is shown to catch a breach."""

import copy
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.names import SEARCH_ATTRIBUTES, TASK_QUEUES, vim_queue
from domain.recovery import BALANCED, FAST
from interfaces.cli.profile_views import MOUNTED, for_compose
from lab.supervisor import server_command
from workers.plugin import GRACE

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"

Document = dict[str, Any]
Rule = Callable[[Document], Iterator[str]]

PINNED = re.compile(r"[a-z0-9][a-z0-9./-]*:v?\d+\.\d+[a-z0-9.-]*")
SECRET_NAME = re.compile(r"PASSWORD|PASSWD|PWD|SECRET|TOKEN|API_KEY", re.IGNORECASE)
URL_WITH_PASSWORD = re.compile(r"://[^/@\s:]*:[^/@\s]+@")


def services(document: Document) -> dict[str, Document]:
    found: dict[str, Document] = document["services"]
    return found


def is_job(service: Document) -> bool:
    return service.get("restart") == "no"


def queues(arguments: list[str]) -> set[str]:
    """The task queues named after --queues in a command line."""
    return set(arguments[arguments.index("--queues") + 1].split(",")) if "--queues" in arguments else set()


def workers(document: Document) -> dict[str, Document]:
    return {
        name: service for name, service in services(document).items() if queues(service.get("command", []))
    }


def images_are_pinned(document: Document) -> Iterator[str]:
    for name, service in services(document).items():
        if not PINNED.fullmatch(service.get("image") or ""):
            yield f"{name}: image {service.get('image')}"


def ports_are_on_loopback(document: Document) -> Iterator[str]:
    for name, service in services(document).items():
        for port in service.get("ports", []):
            address = port.get("host_ip", "") if isinstance(port, dict) else str(port).rpartition(":")[0]
            if not address.startswith(("127.0.0.1", "[::1]", "::1")):
                yield f"{name}: port {port}"
        if service.get("network_mode") == "host":
            yield f"{name}: host network"


def services_restart_and_tell_their_health(document: Document) -> Iterator[str]:
    for name, service in services(document).items():
        if is_job(service):
            continue
        check = service.get("healthcheck", {})
        if service.get("restart") != "unless-stopped":
            yield f"{name}: restart {service.get('restart')}"
        if not check.get("test") or check.get("disable") or "NONE" in check["test"]:
            yield f"{name}: no health check"


def starting_waits_for_what_it_needs(document: Document) -> Iterator[str]:
    for name, service in services(document).items():
        for needed, how in service.get("depends_on", {}).items():
            other = services(document)[needed]
            wanted = "service_completed_successfully" if is_job(other) else "service_healthy"
            if how["condition"] != wanted:
                yield f"{name}: waits for {needed} by {how['condition']}"


def secrets_come_from_files(document: Document) -> Iterator[str]:
    declared = document.get("secrets", {})
    for name, secret in declared.items():
        if set(secret) != {"file"}:
            yield f"{name}: not from a file"
    for name, service in services(document).items():
        for variable, value in service.get("environment", {}).items():
            if URL_WITH_PASSWORD.search(str(value)):
                yield f"{name}: {variable} carries a password"
            if not SECRET_NAME.search(variable):
                continue
            granted = {
                f"/run/secrets/{secret}" for secret in service.get("secrets", []) if secret in declared
            }
            if not variable.endswith("_FILE") or value not in granted:
                yield f"{name}: {variable} is not a secret of this service"


def every_queue_has_a_worker(document: Document) -> Iterator[str]:
    """But for the emulator's: it makes the networks of the machine that `interlace up` runs on."""
    served = [queue for service in workers(document).values() for queue in queues(service["command"])]
    wanted = [queue for queue in TASK_QUEUES if queue != vim_queue("emulator")]
    if sorted(served) != sorted(wanted):
        yield f"queues {sorted(served)}, not {sorted(wanted)}"


def workers_are_checked_and_stopped_properly(document: Document) -> Iterator[str]:
    for name, service in workers(document).items():
        test = service["healthcheck"]["test"]
        if "--check" not in test or queues(test) != queues(service["command"]):
            yield f"{name}: health check {test}"
        if int(service["stop_grace_period"].removesuffix("s")) <= GRACE.total_seconds():
            yield f"{name}: killed before its graceful shutdown ends"
        if service["environment"].get("TEMPORAL_ADDRESS") != "temporal:7233":
            yield f"{name}: no TEMPORAL_ADDRESS"


def workers_go_by_the_profile(document: Document) -> Iterator[str]:
    """By what `interlace reliability profiles NAME --env` prints; its file is where that says."""
    for name, service in workers(document).items():
        if service["environment"].get("INTERLACE_RELIABILITY") != "${INTERLACE_RELIABILITY:-balanced}":
            yield f"{name}: no INTERLACE_RELIABILITY"
        if f"./deploy/reliability:{MOUNTED}:ro" not in service.get("volumes", []):
            yield f"{name}: cannot read a profile's file"
        if service["deploy"]["replicas"] not in (1, f"${{INTERLACE_WORKERS:-{BALANCED.workers}}}"):
            yield f"{name}: {service['deploy']['replicas']} replicas, whatever the profile says"


def logs_are_rotated(document: Document) -> Iterator[str]:
    for name, service in services(document).items():
        options = service.get("logging", {}).get("options", {})
        if not {"max-size", "max-file"} <= options.keys():
            yield f"{name}: logs grow without end"


def mounted_files_exist(document: Document) -> Iterator[str]:
    for name, service in services(document).items():
        sources = [str(volume).split(":")[0] for volume in service.get("volumes", [])]
        for source in sources:
            known = (ROOT / source).exists() if source.startswith(".") else source in document["volumes"]
            if not known:
                yield f"{name}: no {source}"
        for argument in service.get("entrypoint", []):
            if argument.startswith("/deploy/") and not (ROOT / "deploy/temporal" / argument[8:]).is_file():
                yield f"{name}: no {argument}"


def read_only_containers_can_write_their_state(document: Document) -> Iterator[str]:
    for name, service in services(document).items():
        kept = [str(volume).split(":")[1] for volume in service.get("volumes", [])]
        places = [*kept, *service.get("tmpfs", [])].count("/var/lib/interlace")
        if service.get("read_only") and places != 1:
            yield f"{name}: {places} places at its state directory"


RULES: tuple[Rule, ...] = (
    images_are_pinned,
    ports_are_on_loopback,
    services_restart_and_tell_their_health,
    starting_waits_for_what_it_needs,
    secrets_come_from_files,
    every_queue_has_a_worker,
    workers_are_checked_and_stopped_properly,
    workers_go_by_the_profile,
    logs_are_rotated,
    mounted_files_exist,
    read_only_containers_can_write_their_state,
)


@pytest.fixture(scope="module")
def document() -> Document:
    loaded: Document = yaml.safe_load(COMPOSE.read_text())
    return loaded


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_compose_file_keeps_the_rule(document: Document, rule: Rule) -> None:
    assert list(rule(document)) == []


BREACHES: list[tuple[Rule, str, Document]] = [
    (images_are_pinned, "temporal", {"image": "temporalio/server:latest"}),
    (images_are_pinned, "temporal", {"image": "temporalio/server"}),
    (images_are_pinned, "temporal", {"image": None}),
    (ports_are_on_loopback, "temporal", {"ports": ["7233:7233"]}),
    (ports_are_on_loopback, "temporal-ui", {"ports": ["0.0.0.0:8080:8080"]}),
    (ports_are_on_loopback, "temporal-ui", {"ports": [{"target": 8080, "published": "8080"}]}),
    (ports_are_on_loopback, "temporal-ui", {"network_mode": "host"}),
    (services_restart_and_tell_their_health, "temporal-ui", {"healthcheck": {}}),
    (services_restart_and_tell_their_health, "temporal-ui", {"healthcheck": {"test": ["NONE"]}}),
    (services_restart_and_tell_their_health, "temporal-register", {"restart": "unless-stopped"}),
    (starting_waits_for_what_it_needs, "cli", {"depends_on": {"temporal": {"condition": "service_started"}}}),
    (secrets_come_from_files, "temporal-db", {"environment": {"POSTGRES_PASSWORD": "temporal"}}),
    (
        secrets_come_from_files,
        "cli",
        {"environment": {"DB_PASSWORD_FILE": "/run/secrets/temporal-db-password"}},
    ),
    (secrets_come_from_files, "cli", {"environment": {"INTERLACE_CATALOGUE_URL": "postgresql://a:b@db/i"}}),
    (every_queue_has_a_worker, "worker-placement", {"command": ["--queues", "elsewhere"]}),
    (workers_are_checked_and_stopped_properly, "worker-placement", {"stop_grace_period": "30s"}),
    (
        workers_are_checked_and_stopped_properly,
        "worker-placement",
        {"healthcheck": {"test": ["CMD", "true"]}},
    ),
    (workers_are_checked_and_stopped_properly, "worker-placement", {"environment": {}}),
    (workers_go_by_the_profile, "worker-placement", {"environment": {}}),
    (workers_go_by_the_profile, "worker-placement", {"volumes": ["./deploy/clouds:/etc/clouds:ro"]}),
    (workers_go_by_the_profile, "worker-orchestration", {"deploy": {"replicas": 2}}),
    (logs_are_rotated, "temporal", {"logging": {"driver": "json-file"}}),
    (mounted_files_exist, "temporal", {"volumes": ["./deploy/absent:/deploy:ro"]}),
    (mounted_files_exist, "temporal", {"entrypoint": ["/bin/sh", "/deploy/absent.sh"]}),
    (read_only_containers_can_write_their_state, "worker-placement", {"tmpfs": ["/tmp"]}),
    (read_only_containers_can_write_their_state, "metrics", {"tmpfs": ["/tmp", "/var/lib/interlace"]}),
]


@pytest.mark.parametrize(
    ("rule", "service", "change"),
    BREACHES,
    ids=[f"{rule.__name__}-{n}" for n, (rule, _, _) in enumerate(BREACHES)],
)
def test_a_breach_is_caught(document: Document, rule: Rule, service: str, change: Document) -> None:
    broken = copy.deepcopy(document)
    services(broken)[service].update(change)
    assert list(rule(broken))


def test_search_attributes_are_registered(document: Document) -> None:
    assert tuple(services(document)["temporal-register"]["command"]) == SEARCH_ATTRIBUTES


def test_tenants_take_turns_as_with_interlace_up(document: Document) -> None:
    """What the dev server is told of its matching, the server of this deployment is told too."""
    mounted = services(document)["temporal"]["volumes"]
    assert "./deploy/temporal:/deploy:ro" in mounted
    settings = yaml.safe_load((ROOT / "deploy/temporal/dynamicconfig.yaml").read_text())
    words = server_command("temporal", Path("/tmp"), 7233, 8233)
    told = [word.partition("=")[::2] for word in words if word.startswith("matching.")]
    assert {("matching.enableFairness", "true"), ("matching.numTaskqueueWritePartitions", "1")} <= set(told)
    for name, value in told:
        assert settings[name] == [{"value": yaml.safe_load(value), "constraints": {}}]


def test_our_own_image_carries_the_version_of_the_project(document: Document) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    own = {service["image"] for service in services(document).values() if "build" in service}
    assert own == {f"{project['name']}:{project['version']}"}


def test_passwords_stay_out_of_the_repository_and_the_image(document: Document) -> None:
    files = {secret["file"] for secret in document["secrets"].values()}
    assert {Path(file).parent for file in files} == {Path("secrets")}
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in kept if line and not line.startswith("#")) == "*"
    assert not [line for line in kept if line.startswith("!") and "secrets" in line]


def test_the_image_is_pinned_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    assert bases
    assert all(PINNED.fullmatch(base) for base in bases)
    assert [line for line in lines if line.startswith("USER ")][-1] not in {"USER root", "USER 0"}


def test_the_compose_file_follows_the_compose_specification() -> None:
    """The vendored schema needs neither network nor container engine."""
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def compose_command() -> list[str] | None:
    """Docker Compose as this machine has it, or None; no engine is needed to check a file."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        version = subprocess.run([*command, "version"], capture_output=True, check=False)
        if version.returncode == 0:
            return command
    return None


def test_docker_compose_accepts_the_file() -> None:
    command = compose_command()
    if command is None:
        pytest.skip("Docker Compose is not installed; the file was checked against its schema only")
    done = subprocess.run(
        [*command, "-f", str(COMPOSE), "config"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) >= {"temporal", "catalogue-db"}


def test_docker_compose_takes_what_is_printed_of_a_profile(tmp_path: Path) -> None:
    command = compose_command()
    if command is None:
        pytest.skip("Docker Compose is not installed")
    lines = tmp_path / "profile.env"
    lines.write_text(for_compose(FAST, FAST.profile))
    environment = {name: value for name, value in os.environ.items() if "INTERLACE" not in name}
    done = subprocess.run(
        [*command, "--env-file", str(lines), "-f", str(COMPOSE), "config"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    worker = yaml.safe_load(done.stdout)["services"]["worker-orchestration"]
    assert worker["deploy"]["replicas"] == FAST.workers
    assert worker["environment"]["INTERLACE_RELIABILITY"] == FAST.profile
