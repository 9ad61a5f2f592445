"""What is measured of services, and what is decided by it: pure, but for `sources`."""
