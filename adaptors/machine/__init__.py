"""This machine as a host of emulated PoPs: privileges, commands, namespaces, processes."""
