"""Carrying out a proof: labs of their own, in which what dies is replaced, and what is there of a service."""
