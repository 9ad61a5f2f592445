"""Connecting services: chains, routes and WAN links of one service, put together and verified."""
