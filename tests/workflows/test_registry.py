"""Workflows call by name: every name is served, on its queue, by one model in and one model out."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from temporalio import activity
from temporalio.worker import Worker

from catalogue.store import open_catalogue
from domain import names, reoptimisation, requests, steering, watching
from domain.models import Model
from domain.networking import Connection
from domain.operation_plans import PlanBrief, StepAction
from domain.plans import ServiceGraph
from workers.assembly import WORKFLOWS, build
from workers.plugin import connect
from workers.settings import Settings

pytestmark = pytest.mark.asyncio(loop_scope="session")

SIGNATURES: dict[str, tuple[type[Model], type[Model]]] = {
    names.BEGIN: (requests.BeginOperation, requests.Held),
    names.FINISH: (requests.FinishOperation, requests.Nothing),
    names.RESOLVE: (requests.ResolveRequest, ServiceGraph),
    names.SOLVE: (ServiceGraph, requests.Solution),
    names.RESERVE: (requests.PlannedService, requests.Nothing),
    names.RELEASE: (requests.Held, requests.Nothing),
    names.COMMIT: (requests.ConnectedService, requests.Nothing),
    names.REMOVE: (requests.Held, requests.Nothing),
    names.RESOURCES: (requests.ResourceQuery, requests.ResourceList),
    names.LEAVE: (requests.LeaveResource, requests.Nothing),
    names.CREATE: (requests.CreateInstance, requests.Nothing),
    names.DELETE: (requests.ExternalResource, requests.Nothing),
    names.COMPILE: (requests.PlannedService, requests.Nothing),
    names.JOIN: (requests.NetworkStep, requests.Nothing),
    names.PROGRAM: (requests.NetworkStep, requests.Nothing),
    names.VERIFY: (requests.PlannedService, Connection),
    names.START: (requests.BeginOperation, steering.Began),
    names.SCOPE: (steering.PlanOrder, steering.Scope),
    names.SURVEY: (steering.SurveyOrder, steering.Survey),
    names.MAKE_PLAN: (steering.PlanOrder, PlanBrief),
    names.PREVIEW: (steering.PreviewOrder, steering.PreviewNotes),
    names.AMEND: (steering.Amendment, steering.StepNote),
    names.FUSED: (steering.FusedOrder, steering.FusedNote),
    names.PLAN_UNDO: (steering.PlanRef, steering.UndoBrief),
    names.COMMIT_PLAN: (steering.PlanRef, steering.Committed),
    names.INSTALL: (steering.PlanRef, steering.StepNote),
    names.LOOK: (watching.LookOrder, watching.Looked),
    names.NOTE_DECISION: (watching.Decision, requests.Nothing),
    names.FIRE: (watching.Firing, requests.Nothing),
    names.FIRING: (watching.Firing, watching.FiringSeen),
    names.RESTORE: (steering.PlanRef, steering.StepNote),
    names.COMPARE: (steering.CompareOrder, steering.Differences),
    names.NOTE_TIMES: (steering.StepTimes, requests.Nothing),
    names.OPTIMISE_SCOPE: (reoptimisation.OptimiseRequest, steering.Scope),
    names.OPTIMISE_WORK_OUT: (reoptimisation.OptimiseOrder, reoptimisation.OptimisationReport),
    **{action.value: (steering.StepOrder, steering.StepNote) for action in StepAction},
}
"""As the workflows call them."""

OF_NETWORKS = {StepAction.COMPILE, StepAction.JOIN, StepAction.PROGRAM, StepAction.PROBE}
VIM = {names.FUSED, names.CREATE, names.DELETE, names.SURVEY, names.COMPARE, *(set(StepAction) - OF_NETWORKS)}
NETWORK = {names.COMPILE, names.JOIN, names.PROGRAM, names.VERIFY, *OF_NETWORKS}


def served(worker: Worker) -> dict[str, Callable[..., Any]]:
    found = {}
    for each in worker.config()["activities"]:
        defined = activity._Definition.from_callable(each)
        assert defined is not None and defined.name is not None
        found[defined.name] = each
    return found


async def test_every_activity_is_served_with_the_signature_that_workflows_call(
    address: str, tmp_path: Path
) -> None:
    client = await connect(address)  # of its own: workers that never run stay registered with theirs
    settings = Settings(home=tmp_path, catalogue_url=f"sqlite:///{tmp_path / 'catalogue.db'}")
    catalogue = open_catalogue(settings.catalogue_url)
    queues = {w.task_queue: served(w) for w in build(client, catalogue, settings, names.TASK_QUEUES)}
    catalogue.close()
    assert {name for activities in queues.values() for name in activities} == SIGNATURES.keys()
    assert queues[names.PLACEMENT_QUEUE].keys() == {names.SOLVE, names.MAKE_PLAN, names.OPTIMISE_WORK_OUT}
    for kind in names.VIM_KINDS:
        networked = kind in (*names.NETWORKED_KINDS, *names.CLOUD_KINDS)
        previewing = {names.PREVIEW} if kind in names.PREVIEWING_KINDS else set()
        expected = VIM | previewing | (NETWORK if networked else set())
        assert queues[names.vim_queue(kind)].keys() == expected
    every = {name: each for activities in queues.values() for name, each in activities.items()}
    for name, (takes, gives) in SIGNATURES.items():
        (parameter,) = inspect.signature(every[name]).parameters.values()
        hints = get_type_hints(every[name])
        assert (hints[parameter.name], hints["return"]) == (takes, gives), name


async def test_every_name_of_an_activity_is_known_here() -> None:
    dotted = {value for key, value in vars(names).items() if key.isupper() and "." in str(value)}
    known = {value for value in dotted if isinstance(value, str)} | {action.value for action in StepAction}
    assert known == SIGNATURES.keys()


@pytest.mark.parametrize("workflow_type", WORKFLOWS)
async def test_workflows_take_one_model_and_give_one(workflow_type: Any) -> None:
    hints = get_type_hints(workflow_type.run)
    assert len(hints) == 2
    assert all(issubclass(hint, Model) for hint in hints.values())
