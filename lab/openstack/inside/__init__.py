"""What runs inside OpenStack's own Python environment: imported by its services, never by Interlace."""
