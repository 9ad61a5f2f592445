"""Phases are for humans; logic never branches on them (Cluster API's rule)."""

from enum import StrEnum


class Phase(StrEnum):
    """How far an operation is."""

    STARTING = "Starting"
    MENDING = "Mending"
    PLANNING = "Planning"
    PROVISIONING = "Provisioning"
    CONNECTING = "Connecting"
    DRAINING = "Draining"
    DELETING = "Deleting"
    COMMITTING = "Committing"
    UNDOING = "Undoing"
    DONE = "Done"
    FAILED = "Failed"


class ServiceState(StrEnum):
    """What a service is, as the catalogue knows it."""

    INSTANTIATING = "INSTANTIATING"
    ACTIVE = "ACTIVE"
    TERMINATING = "TERMINATING"


class OperationState(StrEnum):
    """How a lifecycle operation stands (after ETSI GS NFV-SOL 005, clause 6.5.3: LcmOperationStateType)."""

    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    ABANDONED = "ABANDONED"


class ResourceKind(StrEnum):
    """What an external resource is."""

    INSTANCE = "instance"
    """Of a component, or what stands at an endpoint."""
    NETWORK = "network"
    """All that one PoP has of a service's chains, links and shares."""


class ResourceState(StrEnum):
    """How an external resource stands in the ledger."""

    INTENDED = "INTENDED"
    CREATED = "CREATED"
    LEFTOVER = "LEFTOVER"
