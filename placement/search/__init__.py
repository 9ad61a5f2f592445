"""Bounds, incumbents and exact reductions: what need not be left to a solver."""
