"""Virtualised infrastructure managers: what runs instances at a PoP."""
