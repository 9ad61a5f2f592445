"""A catalogue that older code has filled goes on: nothing lost, and its services can be changed."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import catalogue.migrations
from catalogue.database import Database
from catalogue.migrate import NEWEST
from catalogue.store import Catalogue, open_catalogue
from domain.names import OperationKind
from domain.networking import ServiceNetwork
from domain.phases import OperationState, ServiceState
from domain.records import InstanceRecord
from tests.unit.test_catalogue_samples import begin, build, deployment, graph, infrastructure, plan, shop

pytest_plugins = ("tests.postgres",)

OLD = "instantiate-0001-12345678"
DEAD = "instantiate-0002-short"
NETWORK = ServiceNetwork(name="shop-network-12345678", service="shop", pops={}, segments=())


def migrate(connection: Connection, revision: str, up: bool = True) -> None:
    config = Config()
    scripts = str(Path(catalogue.migrations.__file__).parent).replace("%", "%%")
    config.set_main_option("script_location", scripts)
    config.attributes["connection"] = connection
    (command.upgrade if up else command.downgrade)(config, revision)


def put(connection: Connection, table: str, **values: object) -> None:
    columns = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({marks})"), values)


def fill(connection: Connection, revision: str) -> None:
    """A service that runs, one whose Instantiate died, and a leftover: as older code wrote them."""
    since = "2026-01-01 00:00:00+00:00"
    offered = infrastructure()
    put(connection, "settings", name="currency", value="EUR")
    for name, pop in offered.pops.items():
        size = {"vcpus": 100, "memory_mib": 1024 * 1024, "disk_gib": 1024}
        put(connection, "pops", name=name, **size, document=pop.model_dump_json())
    link = {"first_pop": "a", "second_pop": "b", "bandwidth_mbps": 1000.0}
    put(connection, "links", name="a-b", **link, document=offered.links["a-b"].model_dump_json())
    onboarded = {"name": "shop", "version": "1", "digest": "d", "onboarded_at": since}
    put(connection, "descriptors", **onboarded, document=shop().model_dump_json())
    for fence, (operation, service) in enumerate([(OLD, "shop"), (DEAD, "cafe")], start=1):
        who = {"operation_id": operation, "kind": "Instantiate", "service": service, "tenant": "acme"}
        run = {"workflow_id": "w", "run_id": "r", "fence": fence, "started_at": since}
        put(connection, "operations", **who, **run, state="COMPLETED")
        put(connection, "leases", service=service, fence=fence)
    record = {"tenant": "acme", "since": since, "descriptor": "shop"}
    network = {"network": NETWORK.model_dump_json()} if revision == "0002" else {}
    put(
        connection,
        "services",
        name="shop",
        state="ACTIVE",
        version="1",
        plan=plan().model_dump_json(),
        **record,
        **network,
    )
    put(connection, "services", name="cafe", state="INSTANTIATING", **record)
    for position, instance in enumerate(graph("shop").instances):
        made(connection, position, instance.name, since)
    reserved(connection, "cafe", "web-1", "b", DEAD, released=True)
    entry(connection, "cafe-web-1-02-short", "b", "cafe", DEAD, since, "LEFTOVER")
    way = {"service": "shop", "graph_link": "inner", "physical_link": "a-b", "operation_id": OLD}
    put(connection, "link_reservations", **way, bandwidth_mbps=10.0)
    if revision == "0002":
        for where in ("a", "b"):
            entry(connection, NETWORK.name, where, "shop", OLD, since, "CREATED", kind="network")


def made(connection: Connection, position: int, name: str, since: str) -> None:
    instance, pop = graph("shop").instances[position], plan().placements[name]
    record = InstanceRecord(
        name=name,
        component=instance.component,
        kind=instance.kind,
        pop=pop,
        resources=instance.resources,
        address=f"10.0.0.{position}",
        external_id=f"id-{position}",
    )
    row = {"service": "shop", "name": name, "position": position, "pop": pop}
    put(connection, "service_instances", **row, document=record.model_dump_json())
    reserved(connection, "shop", name, pop, OLD)
    address = {"address": f"10.0.0.{position}"}
    entry(connection, f"shop-{name}-12345678", pop, "shop", OLD, since, "CREATED", **address)


def reserved(
    connection: Connection, service: str, instance: str, pop: str, operation: str, released: bool = False
) -> None:
    who = {"service": service, "instance": instance, "pop": pop, "operation_id": operation}
    size = {"vcpus": 4, "memory_mib": 1024, "disk_gib": 1}
    put(connection, "instance_reservations", **who, **size, released=released)


def entry(
    connection: Connection,
    name: str,
    pop: str,
    service: str,
    operation: str,
    since: str,
    state: str,
    **more: str,
) -> None:
    where = {"resource_name": name, "pop": pop, "vim_kind": "modelled", "tags": "{}"}
    who = {"service": service, "component": "web", "instance": "web-1", "operation_id": operation}
    put(connection, "ledger", **where, **who, state=state, since=since, **more)


def filled(url: str, revision: str) -> Catalogue:
    """A catalogue of that schema, with data, opened by the code of today."""
    open_empty(url, revision)
    return open_catalogue(url)


def open_empty(url: str, revision: str) -> None:
    database = Database(url)
    with database.write() as connection:
        migrate(connection, revision)
        fill(connection, revision)
    database.close()


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_what_ran_runs_on_and_is_known_whole(catalogue_url: str, revision: str) -> None:
    opened = filled(catalogue_url, revision)
    found = opened.services.view("shop")
    assert found.revision == 0 and found.deployment is not None
    wanted = deployment(by=OLD)
    named = NETWORK.name if revision == "0002" else None
    assert (found.deployment.network, found.deployment.tenant) == (named, "acme")
    assert found.deployment.resources == wanted.resources
    assert found.deployment.plan == plan() and found.deployment.vim_kinds == wanted.vim_kinds
    assert [(each.image, each.addresses) for each in found.deployment.instances] == [
        ("firewall:1", {"inside": "10.0.0.0"}),
        ("web:1", {"http": "10.0.0.1"}),
    ]
    assert not opened.services.unsettled("shop") and opened.services.unsettled("cafe") is False
    used = opened.infrastructure.usage()
    assert (used.pops["a"].vcpus, used.pops["b"].vcpus, used.links["a-b"]) == (4, 8, 10.0)
    opened.ledger.gone("cafe-web-1-02-short", "b")
    assert opened.infrastructure.usage().pops["b"].vcpus == 4
    opened.close()


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_what_ran_can_be_changed_undone_and_changed_again(catalogue_url: str, revision: str) -> None:
    opened = filled(catalogue_url, revision)
    by = {"firewall-1": OLD, "web-1": "scale-2"}
    for number in ("scale-1", "scale-2"):
        lease = begin(opened, number, kind=OperationKind.SCALE)
        before = opened.services.deployment("shop")
        after = deployment(by={**by, "web-1": number}, vcpus={"firewall-1": 4, "web-1": 6})
        opened.reservations.transition(number, lease.fence, "shop", before, after)
        assert opened.infrastructure.usage().pops["b"].vcpus == 14
        assert opened.infrastructure.usage("shop").pops["b"].vcpus == 8
        build(opened, lease, after)
        assert opened.services.unsettled("shop")
        if number == "scale-1":
            opened.ledger.gone(f"shop-web-1-{number[-8:]}", "b")
            opened.services.restore_committed(number, lease.fence, "shop")
            assert opened.services.deployment("shop") == before
        else:
            opened.ledger.gone("shop-web-1-12345678", "b")
            network = NETWORK if revision == "0002" else None
            opened.services.commit_deployment(number, lease.fence, after, network)
            assert opened.services.view("shop").revision == 1
        assert not opened.services.unsettled("shop")
        opened.operations.finish(number, lease.fence, OperationState.COMPLETED)
    assert opened.infrastructure.usage().pops["b"].vcpus == 10
    opened.close()


def test_an_operation_of_before_ends_what_ran(catalogue_url: str) -> None:
    opened = filled(catalogue_url, "0002")
    lease = begin(opened, "terminate-1", kind=OperationKind.TERMINATE)
    for row in opened.ledger.of_service("shop"):
        opened.ledger.gone(row.resource_name, row.pop)
    opened.reservations.release("terminate-1", lease.fence, "shop")
    opened.services.remove("terminate-1", lease.fence, "shop")
    assert [service.state for service in opened.services.list()] == [ServiceState.INSTANTIATING]
    assert opened.infrastructure.usage().pops["b"].vcpus == 4
    opened.close()


def test_the_way_down_and_up_again_keeps_what_is_committed(catalogue_url: str) -> None:
    filled(catalogue_url, "0002").close()
    database = Database(catalogue_url)
    with database.write() as connection:
        migrate(connection, "0002", up=False)
    database.close()
    opened = open_catalogue(catalogue_url)
    assert not opened.services.unsettled("shop")
    assert opened.infrastructure.usage().pops["b"].vcpus == 8
    opened.close()


def test_the_newest_schema_is_the_one_of_the_last_migration() -> None:
    scripts = ScriptDirectory(str(Path(catalogue.migrations.__file__).parent))
    assert scripts.get_current_head() == NEWEST


def test_one_of_the_newest_schema_opens_while_somebody_writes(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    url = f"sqlite:///{path}"
    open_catalogue(url).close()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    code = (
        "import sys; from catalogue.store import open_catalogue\n"
        f"print(open_catalogue({url!r}).services.list()); sys.exit('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    writer.close()
    assert (done.stdout, done.returncode) == ("()\n", 0), done.stderr
