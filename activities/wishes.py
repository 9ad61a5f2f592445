"""What an order for a plan asks for, and of what: the request, the service as it is, its descriptors."""

from typing import NamedTuple

from pydantic import ValidationError

from catalogue.store import Catalogue
from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.errors import ExistsError, InputError
from domain.lifecycle import AnyRequest, PlanRequest, UpdateRequest
from domain.names import OperationKind
from domain.phases import ServiceState
from domain.requests import InstantiateRequest
from domain.steering import PlanOrder, ServiceView


class Descriptors(NamedTuple):
    """The versions, as onboarded, of the service to be and of that which runs."""

    wanted: Descriptor
    present: Descriptor | None


def request_of(order: PlanOrder) -> AnyRequest:
    """The operation's request.

    :raises InputError: if it is none
    """
    try:
        return PlanRequest(kind=order.kind, request=order.request).parsed()
    except ValidationError as error:
        issues = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InputError(f"this is no request for {order.kind}: {issues}") from error


def view_of(catalogue: Catalogue, order: PlanOrder, request: AnyRequest) -> ServiceView:
    """The service as it is committed.

    :raises InputError: if the operation could not be begun; under a lease it has been
    """
    if order.held is None:
        _admit(catalogue, order.kind, request)
    if order.kind is OperationKind.INSTANTIATE:
        return ServiceView(deployment=None, revision=0)
    view = catalogue.services.view(request.service)
    if view.deployment is None and order.kind is not OperationKind.TERMINATE:
        raise InputError(f"service {request.service} has nothing that runs: Instantiate it first")
    return view


def descriptors_of(catalogue: Catalogue, request: AnyRequest, before: Deployment | None) -> Descriptors:
    """The versions that the request is about."""
    known = catalogue.descriptors
    if isinstance(request, InstantiateRequest):
        return Descriptors(known.get(request.descriptor, request.version), None)
    if before is None:
        raise InputError(f"service {request.service} has nothing that runs: Instantiate it first")
    present = known.get(before.descriptor, before.version)
    if isinstance(request, UpdateRequest):
        return Descriptors(known.get(request.descriptor or before.descriptor, request.version), present)
    return Descriptors(present, present)


def _admit(catalogue: Catalogue, kind: OperationKind, request: AnyRequest) -> None:
    """What the lease says to an operation that is begun, without taking it."""
    found = catalogue.services.find(request.service)
    if kind is OperationKind.INSTANTIATE:
        if found is not None:
            raise ExistsError(f"service {found.name} exists already: it is {found.state}")
        return
    record = found or catalogue.services.get(request.service)
    if record.tenant != request.tenant:
        raise InputError(f"service {record.name} belongs to tenant {record.tenant}, not to {request.tenant}")
    if kind is not OperationKind.TERMINATE and record.state is not ServiceState.ACTIVE:
        raise InputError(f"service {record.name} is {record.state}: finish that with Terminate first")
