"""Where the instances of a service go and how its links are routed: an exact model, solvers, a checker."""
