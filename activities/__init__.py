"""Temporal activities: thin wrappers of one call into the catalogue, the placement or a VIM."""
