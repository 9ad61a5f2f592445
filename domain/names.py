"""Names that cross a process boundary: workflows, activities, queries, task queues, search attributes."""

from collections.abc import Iterable
from enum import StrEnum


class OperationKind(StrEnum):
    """A lifecycle operation; the value is its workflow type."""

    INSTANTIATE = "Instantiate"
    SCALE = "Scale"
    MIGRATE = "Migrate"
    HEAL = "Heal"
    UPDATE = "Update"
    TERMINATE = "Terminate"


SWEEP = "Sweep"
PLAN = "Plan"
OPTIMISE = "Optimise"
OPTIMISE_WORKFLOW_ID = "optimise"
"""Serialises those that move something."""
WATCH = "Watch"
SCHEDULED_SCALE = "ScheduledScale"
PROGRESS_QUERY = "progress"

PAUSE = "pause"
RESUME = "resume"
RETRY = "retry"
SKIP = "skip"
EDIT = "edit"
GIVE_UP = "give-up"
UPDATES = (PAUSE, RESUME, RETRY, SKIP, EDIT, GIVE_UP)
"""What may be said to an operation under way."""

BEGIN = "operation.begin"
FINISH = "operation.finish"
RESOLVE = "catalogue.resolve"
SOLVE = "placement.solve"
RESERVE = "catalogue.reserve"
RELEASE = "catalogue.release"
COMMIT = "catalogue.commit"
REMOVE = "catalogue.remove"
RESOURCES = "ledger.resources"
LEAVE = "ledger.leave"
CREATE = "vim.create"
DELETE = "vim.delete"
COMPILE = "network.compile"
JOIN = "wan.join"
PROGRAM = "chain.program"
VERIFY = "chain.verify"

PLANNED_PATCH = "planned"
"""Set in histories of operations that plan first; those without it began before there were plans."""

PREVIEWED_PATCH = "previewed"
"""Set in histories of plans that were shown with what VIMs tell of them."""

TERSE_PATCH = "terse"
"""Set in histories that tell a phase once, not with each of its steps, and what steps took with the end."""

NEARBY_PATCH = "nearby"
"""Set in histories whose lease is taken and given back within the workflow's own task."""

START = "operation.start"
SCOPE = "plan.scope"
SURVEY = "vim.survey"
MAKE_PLAN = "plan.make"
PREVIEW = "vim.preview"
AMEND = "plan.amend"
FUSED = "steps.fused"
PLAN_UNDO = "plan.undo"
COMMIT_PLAN = "service.commit"
RESTORE = "service.restore"
COMPARE = "service.compare"
NOTE_TIMES = "operation.times"
OPTIMISE_SCOPE = "optimise.scope"
OPTIMISE_WORK_OUT = "optimise.work-out"
INSTALL = "monitoring.install"
LOOK = "monitoring.look"
NOTE_DECISION = "monitoring.note"
FIRE = "monitoring.fire"
FIRING = "monitoring.firing"

ORCHESTRATION_QUEUE = "orchestration"
PLACEMENT_QUEUE = "placement"
MONITORING_QUEUE = "monitoring"
CLOUD_KINDS = ("openstack", "kubernetes", "terraform")
"""Those that connect instances by their own means, told what may flow; the providers route between them."""
VIM_KINDS = ("modelled", "emulator", *CLOUD_KINDS)
NETWORKED_KINDS = ("emulator",)
"""Those whose PoPs have switches: services on them are connected, and their endpoints are real."""
HOSTED_KINDS = ("modelled", "openstack")
"""Those that can give a running instance other resources, or another host of its PoP."""
PREVIEWING_KINDS = ("terraform",)
"""Those that tell beforehand what they would change, in their own words."""
ENDPOINT_IMAGE = "endpoint"
TASK_QUEUES = (
    ORCHESTRATION_QUEUE,
    PLACEMENT_QUEUE,
    MONITORING_QUEUE,
    *(f"vim-{kind}" for kind in VIM_KINDS),
)

SERVICE_ATTRIBUTE = "InterlaceService"
OPERATION_ATTRIBUTE = "InterlaceOperation"
PHASE_ATTRIBUTE = "InterlacePhase"
TENANT_ATTRIBUTE = "InterlaceTenant"
SEARCH_ATTRIBUTES = (SERVICE_ATTRIBUTE, OPERATION_ATTRIBUTE, PHASE_ATTRIBUTE, TENANT_ATTRIBUTE)
"""All of type Keyword."""


def joinable(kinds: Iterable[str]) -> bool:
    """Whether one service may span VIMs of these kinds: all are clouds, or all are of one kind."""
    found = set(kinds)
    return len(found) <= 1 or found.issubset(CLOUD_KINDS)


def vim_queue(kind: str) -> str:
    """The task queue that serves the VIMs of one kind."""
    return f"vim-{kind}"


def service_workflow_id(service: str) -> str:
    """The workflow id that serialises the operations on a service."""
    return f"service/{service}"


def watch_workflow_id(service: str) -> str:
    """The workflow id of a service's watch."""
    return f"watch/{service}"


def schedule_id(service: str, policy: str) -> str:
    """The id of the Temporal Schedule of a policy."""
    return f"scale/{service}/{policy}"


def resource_name(service: str, instance: str, operation_id: str) -> str:
    """The name of an instance in its VIM: the same on every attempt, another for every operation."""
    return f"{service}-{instance}-{operation_id[-8:]}"


def network_name(service: str, operation_id: str) -> str:
    """The name, the same in each PoP, of what a PoP has of a service's network."""
    return f"{service}-network-{operation_id[-8:]}"
