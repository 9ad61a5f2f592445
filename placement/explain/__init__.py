"""Why a service cannot be placed: the smallest set of requirements in conflict, and ways out of it."""
