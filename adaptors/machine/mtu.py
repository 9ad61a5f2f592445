"""Largest packets, from the wire up: each layer leaves room for the headers of the one beneath."""

WAN_MTU = 1500
"""Of physical links."""
ENCRYPTED_MTU = 1420
"""Of WireGuard over them: 60 bytes of headers, and padding to 16."""
TENANT_MTU = 1370
"""Of VXLAN over that, and so of every instance's port, encrypted or not: 50 bytes of headers."""
