"""Where samples come from: the exporter's own exposition, or a Prometheus that scrapes it."""
