"""Chaining: from a placed service to the rules of its PoPs' switches.

`compile.compile_network` is pure. `hops` says where packets enter and leave, `stretches` how a chain falls
into pieces between ends at which packets end, `matches` which packets go which way, `rule_table` gathers
the rules and refuses chains that contradict each other, `host_routes` and `segments` say how the ends use and
probe them. `port` is what an adaptor that programs a switch serves.
"""
