"""Probes through the segments of a service, and where the one that got lost was seen last."""

import time
from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from adaptors.chaining.port import Switch
from adaptors.machine.asking import Answer, Question, ask
from adaptors.machine.commands import CommandError, Machine
from adaptors.network.port import Progress
from domain.errors import VimRefusedError, VimUnavailableError
from domain.networking import Probe, Segment, ServiceNetwork

_PATIENCE_S = 20.0
_TELL_EVERY_S = 0.2
_ONE_BY_ONE = 16
"""Up to so many segments are probed one after the other, so that probes do not delay each other."""
_AT_ONCE = 4


class Prober:
    """Probes the segments of one service's network."""

    def __init__(
        self,
        machine: Machine,
        network: ServiceNetwork,
        switches: Mapping[str, Switch],
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._patience_s = patience_s
        self._machine = machine
        self._network = network
        self._switches = switches
        self._pop_of_rule = {rule.name: pop for pop, part in network.pops.items() for rule in part.rules}

    def probe_all(self, progress: Progress) -> tuple[Probe, ...]:
        """One probe a segment, in their order.

        :raises VimRefusedError: if one got lost for good; the message says where
        """
        segments = self._network.segments
        threads = 1 if len(segments) <= _ONE_BY_ONE else _AT_ONCE
        pool = ThreadPoolExecutor(threads, thread_name_prefix="probe")
        try:
            asked = [pool.submit(self.probe, segment) for segment in segments]
            return self._first_failure_or_all(asked, progress)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # a probe under way may take long to give up

    def _first_failure_or_all(self, asked: list[Future[Probe]], progress: Progress) -> tuple[Probe, ...]:
        left: set[Future[Probe]] = set(asked)
        while left:
            done, left = wait(left, timeout=_TELL_EVERY_S, return_when=FIRST_EXCEPTION)
            progress(f"{len(asked) - len(left)} of {len(asked)} probes came through")
            for each in done:
                each.result()
        return tuple(each.result() for each in asked)

    def probe(self, segment: Segment) -> Probe:
        """Probe one segment, again for as long as there is patience where no answer comes.

        :raises VimRefusedError: if none came at all
        """
        before = self._counts(segment)
        deadline = time.monotonic() + self._patience_s
        while True:
            answer = self._ask(segment)
            if answer.answered:
                return self._found(segment, answer.rtt_ms)
            seen = self._seen(segment, before)
            if segment.protocol == "udp" and len(seen) == len(segment.rules):
                return self._found(segment, None)
            if time.monotonic() > deadline:
                raise VimRefusedError(self._lost(segment, seen, answer.error))

    def _found(self, segment: Segment, rtt_ms: float | None) -> Probe:
        return Probe(
            segment=segment.name,
            chain=segment.chain,
            planned_rtt_ms=round(2 * segment.latency_ms, 3),
            measured_rtt_ms=None if rtt_ms is None else round(rtt_ms, 3),
        )

    def _ask(self, segment: Segment) -> Answer:
        question = Question(
            source=segment.origin_address,
            target=segment.target_address,
            protocol="icmp" if segment.protocol == "any" else segment.protocol,
            port=segment.port,
            share_value=segment.share_value,
            share_mask=segment.share_mask,
        )
        try:
            return ask(self._machine, self._machine.place.instance(segment.origin), question)
        except CommandError as error:
            raise VimUnavailableError(f"PoP {segment.origin_pop}: {segment.name}: {error}") from error

    def _counts(self, segment: Segment) -> dict[str, int]:
        pops = {self._pop_of_rule[rule] for rule in segment.rules}
        counts: dict[str, int] = {}
        for pop in pops:
            counts |= self._switches[pop].packets(self._network.name)
        return counts

    def _seen(self, segment: Segment, before: Mapping[str, int]) -> list[str]:
        """The rules, in order, by which packets have gone since, up to the first without any."""
        now = self._counts(segment)
        seen: list[str] = []
        for rule in segment.rules:
            if now.get(rule, 0) <= before.get(rule, 0):
                break
            seen.append(rule)
        return seen

    def _lost(self, segment: Segment, seen: list[str], error: str) -> str:
        where = f"it was last seen at {self._place(seen[-1])}" if seen else "no switch saw it"
        if len(seen) == len(segment.rules):
            where = f"it reached {segment.target} on {segment.target_pop}, but no answer came back"
        how = segment.protocol if segment.port is None else f"{segment.protocol}/{segment.port}"
        return f"chain {segment.chain}: the probe {segment.name} ({how}) got lost ({error}): {where}"

    def _place(self, rule: str) -> str:
        return f"PoP {self._pop_of_rule[rule]}, sent on by rule {rule!r}"
