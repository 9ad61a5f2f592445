"""The SQL store: descriptors, infrastructure, services, operations, reservations and the resource ledger."""
