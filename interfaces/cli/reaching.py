"""Where users reach a service: the addresses at which the packets of its endpoints end."""

from collections.abc import Iterator

from catalogue.store import Catalogue
from domain.descriptor import Classifier, Descriptor
from domain.models import Model
from domain.networking import Segment
from domain.records import ServiceRecord
from interfaces.cli.places import Place


class Reach(Model):
    """One way in."""

    endpoint: str
    by: str
    """The chain, or the virtual link where no chain passes."""
    to: str
    """Instance at which the endpoint's packets end."""
    address: str
    protocol: str
    port: int | None

    def __str__(self) -> str:
        port = "" if self.port is None else f":{self.port}"
        protocol = "" if self.protocol == "any" else f" {self.protocol}"
        return f"from {self.endpoint}: {self.address}{port}{protocol} ({self.to}, by {self.by})"


def reaches(catalogue: Catalogue, record: ServiceRecord, found: tuple[Place, ...]) -> tuple[Reach, ...]:
    """Every way in, as the network was compiled; none where packets are only modelled."""
    network = catalogue.services.network(record.name)
    if network is None or record.descriptor is None:
        return ()
    descriptor = catalogue.descriptors.get(record.descriptor, record.version)
    named = {place.resource: place.name for place in found}
    ways = (way for each in network.segments for way in _ways(each, named, descriptor))
    return tuple(dict.fromkeys(ways))


def _ways(segment: Segment, named: dict[str, str], descriptor: Descriptor) -> Iterator[Reach]:
    """A segment is a way in where it begins at an endpoint; a plain link also where it ends at one."""
    origin = named.get(segment.origin, segment.origin)
    target = named.get(segment.target, segment.target)
    chain = descriptor.chains.get(segment.chain)
    classifier = chain.classifier if chain else Classifier()
    if origin in descriptor.endpoints:
        yield _reach(origin, target, segment.target_address, segment, classifier)
    elif target in descriptor.endpoints and chain is None:
        yield _reach(target, origin, segment.origin_address, segment, classifier)


def _reach(endpoint: str, to: str, address: str, segment: Segment, classifier: Classifier) -> Reach:
    return Reach(
        endpoint=endpoint,
        by=segment.chain,
        to=to,
        address=address,
        protocol=classifier.protocol,
        port=classifier.port,
    )
