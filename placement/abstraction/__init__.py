"""Large topologies: shrunk to what matters, the answer checked on the whole."""
