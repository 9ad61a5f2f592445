"""The outside world: one small port for each kind of system, and the adaptors that serve it."""
