"""Faults that can be put between a client and what it talks to."""
