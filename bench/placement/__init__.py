"""Placements side by side: ours, the plain program, greedy ones, and the models of other orchestrators."""
