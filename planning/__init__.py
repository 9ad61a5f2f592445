"""From a request and what runs to a plan of steps. Pure: the same input gives the same plan."""
