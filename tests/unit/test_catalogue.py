"""The catalogue's documents: descriptors, infrastructure, and the schema."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, select, update

from catalogue.database import Database, parse_url
from catalogue.descriptors import digest_of
from catalogue.migrate import PASSWORD_FILE_VARIABLE, main
from catalogue.store import Catalogue, open_catalogue
from catalogue.tables import descriptors, metadata, pops, settings
from domain.errors import ExistsError, InputError, InUseError, UnknownError
from domain.infrastructure import Energy, Infrastructure, Prices
from domain.objectives import Objective, Weights
from tests.unit.test_catalogue_samples import begin, descriptor, graph, infrastructure, intend, plan

if TYPE_CHECKING:
    from tests.postgres import Postgres

pytest_plugins = ("tests.postgres",)


def test_the_migrations_make_exactly_the_tables(catalogue: Catalogue, catalogue_url: str) -> None:
    database = Database(catalogue_url)
    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    database.close()
    assert differences == []


def test_several_processes_may_start_at_once(catalogue_url: str) -> None:
    command = [sys.executable, "-m", "catalogue.migrate", catalogue_url]
    root = Path(__file__).parents[2]
    started = [subprocess.Popen(command, cwd=root, env={**os.environ}) for _ in range(3)]
    assert [process.wait() for process in started] == [0] * 3


def test_the_password_comes_from_its_file(
    postgres: "Postgres", tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.new_database()
    monkeypatch.setenv(PASSWORD_FILE_VARIABLE, str(tmp_path / "password"))
    assert main([url]) == 2
    assert "password cannot be read: No such file" in capsys.readouterr().err
    (tmp_path / "password").write_text("s3cret\n")
    assert main([url]) == 0
    assert "postgres:***@" in (said := capsys.readouterr().out) and "s3cret" not in said
    postgres.drop_database(url)


def test_threads_may_open_it_at_once(catalogue_url: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        for opened in threads.map(open_catalogue, [catalogue_url] * 8):
            opened.close()


def test_sqlite_uses_wal_and_foreign_keys(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/new/catalogue.db"
    open_catalogue(url).close()
    database = Database(url)
    with database.read() as connection:
        pragmas = ("journal_mode", "foreign_keys", "busy_timeout")
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    database.close()
    assert values == ["wal", 1, 30_000]


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "sqlite:///:memory:", "nonsense"])
def test_a_url_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        parse_url(url)
    assert main([url]) == 2


def test_onboarding_the_same_again_changes_nothing(catalogue: Catalogue) -> None:
    first = catalogue.descriptors.onboard(descriptor())
    assert catalogue.descriptors.onboard(descriptor()) == first
    assert [record.digest for record in catalogue.descriptors.list()] == [first]
    assert catalogue.descriptors.get("shop") == descriptor()


def test_what_was_onboarded_before_fields_came_is_the_same_still(
    catalogue: Catalogue, catalogue_url: str
) -> None:
    catalogue.descriptors.onboard(descriptor())
    old = json.loads(descriptor().model_dump_json())
    del old["components"]["web"]["licences"], old["placement"]["objective"]
    database = Database(catalogue_url)
    with database.write() as connection:
        connection.execute(update(descriptors).values(document=json.dumps(old), digest="from-then"))
    database.close()
    assert catalogue.descriptors.onboard(descriptor()) == "from-then"
    with pytest.raises(ExistsError, match="other content"):
        catalogue.descriptors.onboard(descriptor(image="web:2"))


def test_a_name_and_version_are_immutable(catalogue: Catalogue) -> None:
    catalogue.descriptors.onboard(descriptor())
    with pytest.raises(ExistsError, match="shop 1 exists with other content"):
        catalogue.descriptors.onboard(descriptor(image="web:2"))
    assert catalogue.descriptors.get("shop", "1").components["web"].image == "web:1"


def test_the_newest_onboarded_version_is_the_default(catalogue: Catalogue) -> None:
    for version in ("2", "1.9"):
        catalogue.descriptors.onboard(descriptor(version=version))
    assert catalogue.descriptors.get("shop").version == "1.9"
    assert catalogue.descriptors.get("shop", "2").version == "2"


def test_an_unknown_descriptor_names_what_is_near(catalogue: Catalogue) -> None:
    catalogue.descriptors.onboard(descriptor())
    with pytest.raises(UnknownError, match="did you mean shop"):
        catalogue.descriptors.get("shpo")
    with pytest.raises(UnknownError, match="version of descriptor shop '7'"):
        catalogue.descriptors.get("shop", "7")


def test_threads_may_onboard_the_same_at_once(catalogue: Catalogue) -> None:
    with ThreadPoolExecutor(8) as threads:
        digests = set(threads.map(catalogue.descriptors.onboard, [descriptor()] * 8))
    assert digests == {digest_of(descriptor())}
    assert len(catalogue.descriptors.list()) == 1


def test_a_digest_is_the_same_in_every_process() -> None:
    code = (
        "from tests.unit.test_catalogue_samples import *; import catalogue.descriptors as d;"
        "print(d.digest_of(descriptor()))"
    )
    root = Path(__file__).parents[2]
    for seed in "123":
        env = {**os.environ, "PYTHONHASHSEED": seed}
        printed = subprocess.check_output([sys.executable, "-c", code], cwd=root, env=env, text=True)
        assert printed.strip() == digest_of(descriptor())


def test_infrastructure_comes_back_as_applied(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownError, match="no infrastructure yet"):
        catalogue.infrastructure.get()
    catalogue.infrastructure.apply(infrastructure())
    assert catalogue.infrastructure.get() == infrastructure()
    assert catalogue.infrastructure.usage().links == {"a-b": 0.0}


def test_changes_name_what_differs(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure())
    new = infrastructure(vcpus=50, pops=("a", "c"))
    found = {(c.action, c.what, c.name): (c.before, c.after) for c in catalogue.infrastructure.changes(new)}
    assert found[("change", "pop", "a")] == ("capacity.vcpus=100", "capacity.vcpus=50")
    assert {*found} == {
        ("change", "pop", "a"),
        ("remove", "pop", "b"),
        ("add", "pop", "c"),
        ("add", "link", "a-c"),
        ("remove", "link", "a-b"),
    }
    catalogue.infrastructure.apply(new)
    assert catalogue.infrastructure.changes(new) == []
    assert catalogue.infrastructure.get() == new


def with_aims(objective: Objective, **licences: float) -> Infrastructure:
    return infrastructure().model_copy(update={"objective": objective, "licences": licences})


def test_objective_and_licences_come_back_as_applied(catalogue: Catalogue) -> None:
    for new in (with_aims("latency", acme=1.5), with_aims(Weights(cost=2, balance=0.1)), infrastructure()):
        catalogue.infrastructure.apply(new)
        assert catalogue.infrastructure.get() == new


def test_changes_of_objective_and_licences_are_told(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(with_aims("cost", acme=1.5, base=1))
    new = with_aims(Weights(latency=0.5), acme=2, other=0)
    found = [(c.action, c.what, c.name, c.before, c.after) for c in catalogue.infrastructure.changes(new)]
    assert found == [
        ("change", "licence", "acme", "price=1.5", "price=2"),
        ("remove", "licence", "base", "price=1", None),
        ("add", "licence", "other", None, "price=0"),
        ("change", "objective", "objective", "cost", "cost=1.0, latency=0.5, balance=0.0"),
    ]


def test_energy_and_a_pops_own_licence_price_are_changes_of_the_pop(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure())
    whole = infrastructure()
    dear = {"energy": Energy(price_kwh=0.3), "prices": Prices(licences={"acme": 2})}
    new = whole.model_copy(update={"pops": {**whole.pops, "a": whole.pops["a"].model_copy(update=dear)}})
    (change,) = catalogue.infrastructure.changes(new)
    assert (change.what, change.name) == ("pop", "a")
    assert change.after == "energy.price_kwh=0.3, prices.licences.acme=2.0"


def test_an_infrastructure_from_before_objectives_and_licences_is_read(
    catalogue: Catalogue, catalogue_url: str
) -> None:
    catalogue.infrastructure.apply(infrastructure())
    database = Database(catalogue_url)
    with database.write() as connection:
        connection.execute(delete(settings).where(settings.c.name != "currency"))
        for name, document in list(connection.execute(select(pops.c.name, pops.c.document))):
            old = {key: value for key, value in json.loads(document).items() if key != "energy"}
            del old["prices"]["licences"]
            connection.execute(update(pops).where(pops.c.name == name).values(document=json.dumps(old)))
    database.close()
    assert catalogue.infrastructure.get() == infrastructure()
    assert catalogue.infrastructure.changes(infrastructure()) == []


def test_what_is_reserved_cannot_be_taken_away(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure())
    lease = begin(catalogue, "op-1")
    catalogue.reservations.reserve("op-1", lease.fence, "shop", graph("shop"), plan())
    for new in (infrastructure(vcpus=3), infrastructure(mbps=9), infrastructure(pops=("a", "c"))):
        with pytest.raises(InUseError, match="reserved by shop"):
            catalogue.infrastructure.apply(new)
    assert catalogue.infrastructure.get() == infrastructure()
    catalogue.infrastructure.apply(infrastructure(vcpus=4, mbps=10))


def test_a_pop_that_holds_resources_stays(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure())
    intend(catalogue, begin(catalogue, "op-1"))
    with pytest.raises(InUseError, match="PoP b: still holds shop-web-1-op-1 of shop"):
        catalogue.infrastructure.apply(infrastructure(pops=("a",)))


def test_a_link_to_nowhere_is_refused(catalogue: Catalogue) -> None:
    whole = infrastructure()
    with pytest.raises(InputError, match=r"links\.a-b\.between\.1: no PoP 'b'"):
        catalogue.infrastructure.apply(whole.model_copy(update={"pops": {"a": whole.pops["a"]}}))
