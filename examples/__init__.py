"""A descriptor to start from, and the demonstration."""
