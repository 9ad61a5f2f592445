"""What the search is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from domain.infrastructure import Infrastructure
from domain.plans import Route, ServiceGraph, Standing
from placement.candidates import Candidates
from placement.needs import Needs
from placement.objective import Aim
from placement.topology import Usage


@dataclass(frozen=True)
class Setting:
    """What is to be placed, where, and beside what."""

    graph: ServiceGraph
    infrastructure: Infrastructure
    usage: Usage
    standing: Standing
    free: nx.MultiGraph
    options: Candidates
    fixed: Mapping[str, Route]
    """Graph link -> the way that it keeps."""

    @cached_property
    def needs(self) -> Needs:
        """What is taken anew."""
        return Needs(self.standing)

    @cached_property
    def aim(self) -> Aim:
        """What each choice counts."""
        return Aim(self.graph, self.infrastructure, self.standing)
