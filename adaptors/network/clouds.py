"""Networks of services over clouds: each is told what may flow at it, and what is to be steered."""

import time
from collections.abc import Iterator, Mapping

from adaptors.chaining.partial import joinable
from adaptors.network.admissions import admitted, complete
from adaptors.network.port import Progress
from adaptors.network.registry import Vims
from adaptors.vim.port import ConnectedVim
from domain.descriptor import Descriptor
from domain.errors import VimRefusedError
from domain.instances import VimInstance
from domain.networking import Connection, PopNetwork, ServiceNetwork, WanLink
from domain.plans import Plan, ServiceGraph

_READY_S = 60.0
_LOOK_S = 1.0

OVERLAY = "none: the providers route between the PoPs; bandwidth is reserved in the catalogue, not shaped"


class CloudNetwork:
    """Serves the port `Network` for clouds of any kind; one of them that connects nothing is left alone."""

    def __init__(self, vims: Vims) -> None:
        self._vims = vims

    def compile(
        self,
        name: str,
        descriptor: Descriptor,
        graph: ServiceGraph,
        plan: Plan,
        points: Mapping[str, VimInstance],
    ) -> ServiceNetwork:
        known = complete(descriptor, graph, points)
        return admitted(name, descriptor, joinable(graph, descriptor, known), plan, known)

    def join(self, link: WanLink, name: str, progress: Progress) -> None:
        raise VimRefusedError(
            f"link {link.name}, for {name}: providers route between clouds; nothing to join"
        )

    def apply(self, name: str, part: PopNetwork, progress: Progress) -> None:
        if vim := self._connected(part.pop):
            vim.connect(name, part, progress)

    def remove(self, name: str, pop: str, progress: Progress) -> None:
        if vim := self._connected(pop):
            vim.disconnect(name, progress)

    def verify(self, network: ServiceNetwork, instances: Mapping[str, str], progress: Progress) -> Connection:
        """No probe is sent: what a cloud carries is seen from within it only. So each is asked."""
        deadline = time.monotonic() + _READY_S
        while missing := list(self._missing(network, instances)):
            if time.monotonic() > deadline:
                raise VimRefusedError("; ".join(missing))
            self._rest(missing[0], progress)
        kinds = {self._vims.kind(pop) for pop in (*network.pops, *instances.values())}
        return Connection(dataplane="+".join(sorted(kinds)), overlay=OVERLAY)

    def _missing(self, network: ServiceNetwork, instances: Mapping[str, str]) -> Iterator[str]:
        for pop, part in network.pops.items():
            if vim := self._connected(pop):
                yield from (f"PoP {pop}: {words}" for words in vim.unconnected(network.name, part))
        for resource, pop in instances.items():
            if (ailment := self._vims.vim(pop).ailment(resource)) is not None:
                yield f"PoP {pop}: {resource}: {ailment}"

    def _rest(self, words: str, progress: Progress) -> None:
        for _ in range(5):
            progress(f"waiting: {words}")
            time.sleep(_LOOK_S / 5)

    def _connected(self, pop: str) -> ConnectedVim | None:
        vim = self._vims.vim(pop)
        return vim if isinstance(vim, ConnectedVim) else None
