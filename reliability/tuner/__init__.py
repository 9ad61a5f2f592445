"""The cheapest configuration that recovers fast enough, and what has to be set for it."""
