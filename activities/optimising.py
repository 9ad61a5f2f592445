"""Re-optimisation as activities: what runs is read, its best moves are worked out. Nothing is changed."""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from temporalio import activity

from activities.translation import translated
from catalogue.store import Catalogue
from domain import names
from domain.deployments import Deployment
from domain.errors import ExistsError, InputError, InterlaceError, UnknownError
from domain.expansion import expand
from domain.infrastructure import Infrastructure
from domain.lifecycle import MigrateRequest
from domain.phases import ServiceState
from domain.plans import ServiceGraph
from domain.reoptimisation import (
    LeftOut,
    OptimisationReport,
    OptimiseOrder,
    OptimiseRequest,
    RunningService,
)
from domain.spelling import hint
from domain.steering import Scope, Survey
from placement.moves.clock import Clock
from placement.moves.layout import Estate
from placement.moves.reoptimise import Goal, reoptimised
from placement.moves.report import report
from placement.topology import Usage
from planning.optimising import running_service
from planning.scope import scope

_SHOWN = 6
"""Endpoints in a note."""


@dataclass(frozen=True)
class _Found:
    """The services that a request is about, and those of them that cannot be moved now."""

    deployments: tuple[Deployment, ...]
    left_out: tuple[LeftOut, ...]


class OptimisingActivities:
    """Reads the catalogue's present state, so that no topology travels through a history."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @activity.defn(name=names.OPTIMISE_SCOPE, no_thread_cancel_exception=True)
    def scope(self, request: OptimiseRequest) -> Scope:
        """The images that what may move is of: to be asked about."""
        with translated():
            self._refuse_nonsense(request)
            images: dict[str, set[str]] = {}
            for each in self._found(request).deployments:
                asked = MigrateRequest(service=each.service, optimise=True)
                of_one = scope(names.OperationKind.MIGRATE, asked, each, None)
                for kind, some in of_one.images.items():
                    images.setdefault(kind, set()).update(some)
            return Scope(images={kind: tuple(sorted(some)) for kind, some in images.items()})

    @activity.defn(name=names.OPTIMISE_WORK_OUT)
    async def work_out(self, order: OptimiseOrder) -> OptimisationReport:
        """The moves. A cancel ends the search at its next placement."""
        stop = threading.Event()
        try:
            with translated():
                return await asyncio.to_thread(self._worked_out, order, stop)
        finally:
            stop.set()

    def _worked_out(self, order: OptimiseOrder, stop: threading.Event) -> OptimisationReport:
        started, request = time.monotonic(), order.request
        known, found = self._refuse_nonsense(request), self._found(request)
        running, strange = self._running(request, order.survey, found, known)
        newcomers = dict(self._newcomers(request))
        taken = self._catalogue.infrastructure.usage()
        estate = Estate(
            infrastructure=known,
            usage=Usage(pops=taken.pops, links=taken.links),
            services={each.graph.service: each for each in running},
            objective=request.objective,
            horizon_h=request.prices.horizon_h,
            newcomers=newcomers,
        )
        solution = reoptimised(estate, _goal(request, known), Clock(request.time_limit_s, stop.is_set))
        told = report(estate, solution, request.at_once, time.monotonic() - started)
        return told.model_copy(
            update={
                "left_out": (*told.left_out, *found.left_out, *strange),
                "notes": tuple(_notes(request, found)),
            }
        )

    def _refuse_nonsense(self, request: OptimiseRequest) -> Infrastructure:
        """The infrastructure, in which all that is named is there.

        :raises InputError: something is not
        """
        known = self._catalogue.infrastructure.get()
        for pop in (request.pop, request.evacuate):
            if pop is not None and pop not in known.pops:
                raise UnknownError(f"there is no PoP {pop!r}; {hint(pop, known.pops)}")
        regions = {pop.region for pop in known.pops.values() if pop.region}
        if request.region is not None and request.region not in regions:
            raise UnknownError(f"there is no region {request.region!r}; {hint(request.region, regions)}")
        for name, wanted in request.new.items():
            if self._catalogue.services.find(name) is not None:
                raise ExistsError(f"service {name} exists already: give the new one another name")
            self._catalogue.descriptors.get(wanted.descriptor, wanted.version)
        if request.pop is not None and request.region not in (None, known.pops[request.pop].region):
            there = known.pops[request.pop].region or "none"
            raise InputError(f"PoP {request.pop} is in region {there}, not in {request.region}")
        return known

    def _found(self, request: OptimiseRequest) -> _Found:
        known = {record.name: record for record in self._catalogue.services.list()}
        tenants = {record.tenant for record in known.values()}
        if request.tenant is not None and request.tenant not in tenants:
            raise UnknownError(f"no service is of tenant {request.tenant!r}; {hint(request.tenant, tenants)}")
        left_out: list[LeftOut] = []
        deployments: list[Deployment] = []
        for name in request.services or known:
            record = known.get(name) or self._catalogue.services.get(name)
            if request.tenant not in (None, record.tenant):
                if request.services:
                    raise InputError(
                        f"service {name} belongs to tenant {record.tenant}, not to {request.tenant}"
                    )
                continue
            deployment = self._catalogue.services.deployment(name)
            why = self._unsteady(name, record.state)
            if why or deployment is None:
                left_out.append(LeftOut(service=name, why=why or "nothing of it runs"))
            else:
                deployments.append(deployment)
        return _Found(tuple(deployments), tuple(left_out))

    def _unsteady(self, service: str, state: ServiceState) -> str:
        """Why what a service takes may change meanwhile; empty where it does not."""
        holder = self._catalogue.operations.holder(service)
        if holder is not None:
            return f"it is busy: {holder.kind} runs since {holder.started_at:%H:%M:%S}Z"
        if state is not ServiceState.ACTIVE:
            return f"it is {state}"
        if self._catalogue.services.unsettled(service):
            return "an operation that died has left it half changed: the next operation puts that right"
        return ""

    def _running(
        self, request: OptimiseRequest, survey: Survey, found: _Found, known: Infrastructure
    ) -> tuple[list[RunningService], list[LeftOut]]:
        """What may move; a service that cannot be understood stays, and the others go on."""
        among, expected = _among(request, known), self._catalogue.timings.expected()
        running: list[RunningService] = []
        strange: list[LeftOut] = []
        for each in found.deployments:
            try:
                described = self._catalogue.descriptors.get(each.descriptor, each.version)
                service = running_service(each, described, known, among, request.prices, survey, expected)
            except InterlaceError as error:
                strange.append(LeftOut(service=each.service, why=str(error)))
            else:
                running += [service] if service.moves else []
                strange += _bound_to(request.evacuate, service)
        return running, strange

    def _newcomers(self, request: OptimiseRequest) -> Iterator[tuple[str, ServiceGraph]]:
        for name, wanted in request.new.items():
            yield name, expand(name, self._catalogue.descriptors.get(wanted.descriptor, wanted.version))


def _among(request: OptimiseRequest, known: Infrastructure) -> frozenset[str]:
    """The PoPs whose instances may move."""
    return frozenset(
        name
        for name, pop in known.pops.items()
        if request.pop in (None, name) and request.region in (None, pop.region)
    )


def _bound_to(pop: str | None, service: RunningService) -> list[LeftOut]:
    """What stays on a PoP that is to be left, because no other suits it."""
    bound = sorted(name for name, at in service.placements.items() if at == pop and name not in service.moves)
    why = f"{', '.join(bound)} must stay on {pop}: no other PoP has what its descriptor asks for"
    return [LeftOut(service=service.graph.service, why=why)] if bound else []


def _notes(request: OptimiseRequest, found: _Found) -> Iterator[str]:
    ends = [
        f"{name} of {each.service}"
        for each in found.deployments
        for name, pop in each.plan.endpoints.items()
        if pop == request.evacuate
    ]
    if ends:
        more = f" and {len(ends) - _SHOWN} more" if len(ends) > _SHOWN else ""
        yield (
            f"endpoints stay on {request.evacuate}, where services meet their users:"
            f" {', '.join(ends[:_SHOWN])}{more}"
        )


def _goal(request: OptimiseRequest, known: Infrastructure) -> Goal:
    return Goal(
        evacuate=request.evacuate,
        empty=_among(request, known) if request.defragment else frozenset(),
        allowance_per_hour=request.allowance_per_hour,
    )
