"""Emulated PoPs: each instance is a network namespace with real processes, each link a shaped veth pair."""
