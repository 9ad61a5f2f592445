"""Services as their watches find them: from the catalogue, read once for all that look at the same moment."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from catalogue.overview import Standing
from catalogue.store import Catalogue
from domain.deployments import Deployment
from domain.descriptor import Descriptor, Scaling
from domain.errors import UnknownError
from domain.phases import ServiceState
from domain.policies import Policies
from domain.watching import Hold, Pause
from monitoring.decisions import Watched
from monitoring.metrics import Snapshot

_FRESH_S = 1.0


@dataclass(frozen=True)
class Rules:
    """What a version of a descriptor says, which never changes: the same for all of its services."""

    policies: Policies
    limits: Mapping[str, Scaling]
    """Of each component that may be scaled."""
    components: tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A service, as it is committed."""

    standing: Standing
    rules: Rules
    instances: Mapping[str, int]
    """Component -> how many it has."""
    pops: Mapping[str, tuple[str, ...]]
    """Component -> where they are."""

    @property
    def policies(self) -> Policies:
        """Its version's."""
        return self.rules.policies

    @property
    def steady(self) -> bool:
        """Whether it is there as a whole."""
        return self.standing.state == ServiceState.ACTIVE


@dataclass(frozen=True)
class _Moment:
    """What changes without the service's descriptor."""

    standings: Mapping[str, Standing]
    pauses: Mapping[str, Pause]
    holds: Mapping[str, tuple[Hold, ...]]


class WatchedServices:
    """Knows the services; what is large of one is read again only when an operation has changed it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._moment = _Moment({}, {}, {})
        self._subjects: dict[str, Subject] = {}
        self._rules: WeakValueDictionary[tuple[str, str], Rules] = WeakValueDictionary()

    def find(self, service: str, since: float = 0.0) -> Subject | None:
        """A service; None where it is gone, or nothing of it was ever committed.

        :param since: by the monotonic clock; what was read before it is too old
        """
        standing = self._fresh(since).standings.get(service)
        if standing is None:
            self._subjects.pop(service, None)
            return None
        known = self._subjects.get(service)
        if known is None or known.standing != standing:
            known = self._read(standing)
        if known is not None:
            self._subjects[service] = known
        return known

    def watched(self, subject: Subject, snapshot: Snapshot) -> Watched:
        """What decisions are made for."""
        name, moment = subject.standing.name, self._fresh()
        pause = moment.pauses.get(name)
        return Watched(
            policies=subject.policies,
            limits=subject.rules.limits,
            instances=subject.instances,
            health=snapshot.health,
            interval_s=subject.policies.interval,
            paused_until=pause.until if pause else None,
            fired={hold.policy: hold.since for hold in moment.holds.get(name, ())},
        )

    def _fresh(self, since: float = 0.0) -> _Moment:
        with self._lock:
            if self._read_at < max(since, time.monotonic() - _FRESH_S):
                now, read_at = datetime.now(UTC), time.monotonic()
                self._moment = _Moment(
                    standings={each.name: each for each in self._catalogue.overview.services()},
                    pauses=self._catalogue.pauses.all(now),
                    holds=self._catalogue.holds.all(now),
                )
                self._read_at = read_at
            return self._moment

    def _read(self, standing: Standing) -> Subject | None:
        deployment = self._catalogue.services.deployment(standing.name)
        if deployment is None:
            return None
        rules = self._rules_of(deployment.descriptor, deployment.version)
        counted = Counter(each.component for each in deployment.instances if not each.endpoint)
        return Subject(
            standing=standing,
            rules=rules,
            instances={name: counted[name] for name in rules.components},
            pops={name: _pops(deployment, name) for name in rules.components},
        )

    def _rules_of(self, descriptor: str, version: str) -> Rules:
        found = self._rules.get((descriptor, version))
        if found is None:
            read = self._catalogue.descriptors.get(descriptor, version)
            found = Rules(read.policies, _limits(read), tuple(read.components))
            self._rules[descriptor, version] = found
        return found


def policies_of(catalogue: Catalogue, descriptor: str, version: str) -> Policies:
    """Those of a descriptor; none where it is not there any more."""
    try:
        return catalogue.descriptors.get(descriptor, version).policies
    except UnknownError:
        return Policies()


def _pops(deployment: Deployment, component: str) -> tuple[str, ...]:
    return tuple(sorted({each.pop for each in deployment.instances if each.component == component}))


def _limits(descriptor: Descriptor) -> Mapping[str, Scaling]:
    return {name: each.scaling for name, each in descriptor.components.items() if each.scaling is not None}
