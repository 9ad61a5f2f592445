"""Real parts on one machine: the Temporal dev server, supervised workers, public topologies."""
