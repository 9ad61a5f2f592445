"""OpenStack: servers, their networks and what may flow in them, by openstacksdk."""
