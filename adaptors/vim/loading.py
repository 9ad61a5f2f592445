"""Loading the libraries of clouds, which threads do when they first need them."""

import threading

ONE_AT_A_TIME = threading.RLock()
"""Held while such a library is imported.

Two that import a third at once, each in a thread of its own, may find it half imported: where Python takes
what they wait for to be a deadlock, it lets one of them go on.
"""
