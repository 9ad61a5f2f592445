"""Re-optimisation: which moves of running services are worth what they cost."""
