"""A modelled VIM: capacities, quotas, delays and injected faults, but no packets."""
