"""Measurements of the orchestrator against its targets: `python -m bench [--quick]`."""
