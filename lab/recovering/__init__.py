"""The running system, timed: by a plain script, without faults, and with a kill at the worst moment."""
