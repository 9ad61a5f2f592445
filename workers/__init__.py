"""The composition root: settings, the Temporal plugin, and the workers."""
