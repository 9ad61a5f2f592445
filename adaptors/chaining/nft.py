"""A switch of nftables alone: packets go from interface to interface within the kernel, at ingress."""

import json
from collections.abc import Sequence
from typing import Any

from adaptors.chaining import nft_script
from adaptors.chaining.emulated import EmulatedSwitch
from adaptors.chaining.emulated_rules import mentioned
from adaptors.chaining.records import Programme
from adaptors.machine.abilities import Datapath
from adaptors.machine.commands import CommandError


class NftSwitch(EmulatedSwitch):
    """Needs no process, and loses nothing unless its namespace goes.

    nftables notes interfaces by index: whatever mentions one is written again when it is attached.
    """

    datapath: Datapath = "nft"

    def _start(self) -> None:
        usable = self._usable()
        scripts = ["flush ruleset\n", *(nft_script.close(interface) for interface in sorted(usable))]
        scripts += [nft_script.steer(p.network, p.rules, usable) for p in self._records.programmes()]
        self._nft(scripts)

    def _forget(self) -> None:
        """Nothing is kept open: each change is a process of its own."""

    def _plug(self, interface: str, *, anew: bool) -> None:
        self._nft([nft_script.close(interface), *self._all_that_mention(interface)])

    def _recover(self, interfaces: Sequence[str]) -> None:
        self._nft([nft_script.close(interface) for interface in interfaces])

    def _unplug(self, interface: str) -> None:
        self._nft(self._all_that_mention(interface))
        self._tidy(nft_script.reopen(interface))

    def _apply(self, old: Programme | None, new: Programme) -> None:
        if not new.rules:
            self._nft([nft_script.drop(new.network)])
            return
        self._nft([nft_script.steer(new.network, new.rules, self._usable())])
        entered = {rule.in_interface for rule in new.rules}
        for interface in sorted({rule.in_interface for rule in old.rules} - entered if old else ()):
            self._tidy(nft_script.leave(new.network, interface))

    def _taken(self, programme: Programme) -> dict[int, int]:
        words = ["nft", "-j", "list", "table", "netdev", nft_script.table(programme.network)]
        listed = json.loads(self._machine.run(words, namespace=self._namespace))
        rules = [entry["rule"] for entry in listed["nftables"] if "rule" in entry]
        taken: dict[int, int] = {}
        for rule in rules:
            mark = int(rule["comment"], 16)
            taken[mark] = taken.get(mark, 0) + _counted(rule)
        return taken

    def _all_that_mention(self, interface: str) -> list[str]:
        all_of_them = self._records.programmes()
        concerned = [programme for programme in all_of_them if interface in mentioned(programme.rules)]
        usable = self._usable() if concerned else set()
        return [nft_script.steer(p.network, p.rules, usable) for p in concerned]

    def _nft(self, scripts: list[str]) -> None:
        if scripts:
            self._machine.nft("".join(scripts), self._namespace)

    def _tidy(self, script: str) -> None:
        """Delete what has gone already when its device went."""
        try:
            self._nft([script])
        except CommandError as error:
            if "No such file or directory" not in error.said:
                raise


def _counted(rule: dict[str, Any]) -> int:
    return sum(int(part["counter"]["packets"]) for part in rule["expr"] if "counter" in part)
