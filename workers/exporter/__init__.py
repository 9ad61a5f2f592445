"""Shows Prometheus what runs: Interlace's own figures, and those of every instance and chain."""
