"""Each operation by its words: carried out or planned, the request is the same."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from domain.errors import InputError, UnknownError
from domain.infrastructure import Resources
from domain.lifecycle import (
    AnyRequest,
    HealRequest,
    MigrateRequest,
    ScaleRequest,
    UpdateRequest,
)
from domain.requests import InstantiateRequest, Patience, TerminateRequest
from interfaces.cli import follow, planned
from interfaces.cli.commands import carrying_out, planning
from interfaces.cli.follow import kind_of
from interfaces.cli.wishes import WISHES, heal
from tests.unit.cli_world import active, catalogue_at


class Asked:
    """Takes requests in the place of Temporal."""

    def __init__(self) -> None:
        self.requests: list[AnyRequest] = []
        self.waits: list[bool] = []

    def run_operation(self, request: AnyRequest, wait: bool, as_json: bool) -> int:
        self.requests.append(request)
        self.waits.append(wait)
        return 0

    def make_plan(self, request: AnyRequest, as_json: bool) -> int:
        self.requests.append(request)
        return 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Asked]:
    """A machine on which the service shop runs."""
    found = Asked()
    monkeypatch.setenv("INTERLACE_HOME", str(tmp_path))
    monkeypatch.delenv("INTERLACE_CATALOGUE_URL", raising=False)
    monkeypatch.setattr(follow, "run_operation", found.run_operation)
    monkeypatch.setattr(planned, "make_plan", found.make_plan)
    store = catalogue_at(tmp_path)
    active(store)
    store.close()
    yield found


APP = typer.Typer()
PLAN = typer.Typer()
for wish in WISHES:
    APP.command()(carrying_out(wish))
    PLAN.command()(planning(wish))


def say(app: typer.Typer, *words: str) -> None:
    done = CliRunner().invoke(app, words)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output


MOVES = {"web": "south", "web-2": "north"}
LARGE = Resources.of(2, 1024, 0)

SAID: list[tuple[str, AnyRequest]] = [
    ("instantiate two tiny --version 1", InstantiateRequest(service="two", descriptor="tiny", version="1")),
    (
        "instantiate two tiny --reliability frugal",
        InstantiateRequest(service="two", descriptor="tiny", reliability="frugal"),
    ),
    (
        "scale shop web --to 3 --reliability city",
        ScaleRequest(service="shop", component="web", instances=3, reliability="city"),
    ),
    (
        "migrate shop web=south --reliability balanced",
        MigrateRequest(service="shop", moves={"web": "south"}, reliability="balanced"),
    ),
    ("heal shop --reliability fast-recovery", HealRequest(service="shop", reliability="fast-recovery")),
    ("update shop --reliability frugal", UpdateRequest(service="shop", reliability="frugal")),
    ("terminate shop --reliability frugal", TerminateRequest(service="shop", reliability="frugal")),
    ("scale shop web --to 3", ScaleRequest(service="shop", component="web", instances=3)),
    ("scale shop web --by +2", ScaleRequest(service="shop", component="web", by=2)),
    ("scale shop web --by -1", ScaleRequest(service="shop", component="web", by=-1)),
    ("scale shop web --vcpus 2", ScaleRequest(service="shop", component="web", resources=LARGE)),
    ("scale shop web --image web:2", ScaleRequest(service="shop", component="web", image="web:2")),
    (
        "scale shop web --image web:2 --surge 2",
        ScaleRequest(service="shop", component="web", image="web:2", surge=2),
    ),
    ("migrate shop web=south web-2=north", MigrateRequest(service="shop", moves=MOVES)),
    (
        "scale shop web --vcpus 2 --in-place",
        ScaleRequest(service="shop", component="web", resources=LARGE, in_place=True),
    ),
    ("migrate shop --rehost web", MigrateRequest(service="shop", rehost=("web",))),
    (
        "migrate shop --rehost web-1 --rehost web-2 --cold",
        MigrateRequest(service="shop", rehost=("web-1", "web-2"), cold=True),
    ),
    ("migrate shop --evacuate north", MigrateRequest(service="shop", evacuate="north")),
    (
        "migrate shop --leave web --leave store",
        MigrateRequest(service="shop", leave=("web", "store")),
    ),
    ("migrate shop --optimise", MigrateRequest(service="shop", optimise=True)),
    (
        "migrate shop --optimise --move-cost 0.5",
        MigrateRequest(service="shop", optimise=True, move_cost_per_hour=0.5),
    ),
    ("heal shop", HealRequest(service="shop")),
    (
        "heal shop web-1 web-2 --elsewhere --force",
        HealRequest(service="shop", instances=("web-1", "web-2"), elsewhere=True, force=True),
    ),
    (
        "heal shop --lost north --lost south",
        HealRequest(service="shop", lost_pops=frozenset({"north", "south"})),
    ),
    ("update shop", UpdateRequest(service="shop")),
    (
        "update shop --version 2 --surge 3 --reset",
        UpdateRequest(service="shop", version="2", surge=3, reset=True),
    ),
    ("terminate shop", TerminateRequest(service="shop")),
]


@pytest.mark.parametrize(("words", "request_"), SAID, ids=[words for words, _ in SAID])
def test_words_become_the_same_request_to_do_and_to_plan(
    asked: Asked, words: str, request_: AnyRequest
) -> None:
    say(APP, *words.split())
    say(PLAN, *words.split())
    assert asked.requests == [request_, request_]
    assert asked.waits == [True]


@pytest.mark.parametrize("words", [words for words, _ in SAID])
def test_every_operation_takes_the_shared_words(asked: Asked, words: str) -> None:
    shared = "--tenant acme --give-up-after 5 --undo-give-up-after 7 --on-failure hold --no-wait --json"
    say(APP, *words.split(), *shared.split())
    [request] = asked.requests
    assert (request.tenant, request.patience, request.on_failure) == (
        "acme",
        Patience(give_up_after_s=5, undo_give_up_after_s=7),
        "hold",
    )
    assert asked.waits == [False]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ("scale shop web", InputError, "say what to change"),
        ("scale shop web --to 2 --by 1", InputError, "say instances or by, not both"),
        ("scale shop wep --vcpus 2", UnknownError, "no component 'wep'; did you mean 'web'?"),
        ("scale shpo web --by 1", UnknownError, "no service 'shpo'; did you mean shop"),
        ("scale shop web --memory 2", InputError, "'2' has no unit"),
        (
            "migrate shop",
            InputError,
            "moves, evacuate, leave, optimise, rehost: none is given",
        ),
        ("migrate shop web=south --optimise", InputError, "not moves and optimise together"),
        ("migrate shop --cold --evacuate north", InputError, "cold goes with rehost only"),
        ("migrate shop web=south --rehost web-1", InputError, "not moves and rehost together"),
        ("scale shop web --to 3 --in-place", InputError, "in place is for another flavour"),
        (
            "scale shop web --vcpus 2 --image web:2 --in-place",
            InputError,
            "what gets another image is built anew",
        ),
        ("migrate shop web --optimise", InputError, "write it like web=berlin"),
        ("migrate shop web=south --move-cost 1", InputError, "--move-cost goes with --optimise only"),
        ("heal nobody", UnknownError, "no service 'nobody'"),
        ("heal shop --lost Nowhere", InputError, "'Nowhere' is no name"),
        ("update shop --version newest", InputError, "is no version"),
        ("terminate nobody", UnknownError, "no service 'nobody'"),
        ("instantiate Shop tiny", InputError, "such as shop"),
        ("instantiate two huge", UnknownError, "no descriptor 'huge'"),
    ],
)
def test_wrong_words_are_refused_before_anything_starts(
    asked: Asked, words: str, error: type[Exception], message: str
) -> None:
    for app in (APP, PLAN):
        with pytest.raises(error, match=message):
            say(app, *words.split())
    assert asked.requests == []


def test_a_pop_is_given_up_only_after_a_question(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    answers = iter((False, True))
    monkeypatch.setattr("typer.confirm", lambda _: next(answers))
    lost = {"service": "shop", "lost": ["north"], "wait": True, "as_json": False}
    with pytest.raises(InputError, match="nothing was changed"):
        carrying_out(heal)(**lost, yes=False)
    for yes in (False, True):
        with pytest.raises(typer.Exit):
            carrying_out(heal)(**lost, yes=yes)
    assert len(asked.requests) == 2


class Terminal:
    """Where somebody sits."""

    def isatty(self) -> bool:
        return True


def test_every_request_knows_its_operation() -> None:
    kinds: dict[str, Any] = {words.split()[0]: kind_of(request) for words, request in SAID}
    assert {command: kind.lower() for command, kind in kinds.items()} == {
        wish.__name__: wish.__name__ for wish in WISHES
    }
