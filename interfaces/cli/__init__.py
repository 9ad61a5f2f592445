"""The command line `interlace`. Command modules import what is heavy only when a command runs."""
