"""What of the world a plan depends on, so that its VIMs can be asked."""

from temporalio import activity

from activities.translation import translated
from activities.wishes import descriptors_of, request_of, view_of
from catalogue.store import Catalogue
from domain import names
from domain.requests import TerminateRequest
from domain.steering import PlanOrder, Scope
from planning.scope import scope


class ScopingActivities:
    """Reads what runs and what is wanted."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @activity.defn(name=names.SCOPE, no_thread_cancel_exception=True)
    def scope(self, order: PlanOrder) -> Scope:
        """The images and instances to be asked about; none for a stored plan, which was made already."""
        with translated():
            return scope_of(self._catalogue, order)


def scope_of(catalogue: Catalogue, order: PlanOrder) -> Scope:
    """As `ScopingActivities.scope`.

    :raises InterlaceError: if there cannot be such a plan
    """
    request = request_of(order)
    if request.plan or isinstance(request, TerminateRequest):
        return Scope()
    before = view_of(catalogue, order, request).deployment
    wanted = descriptors_of(catalogue, request, before).wanted
    return scope(order.kind, request, before, wanted)
