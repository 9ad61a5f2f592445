"""Two real OpenStack clouds on this machine."""
