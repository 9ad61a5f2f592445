"""Lifecycle operations as durable Temporal workflows. Imports nothing but domain/ and temporalio."""
