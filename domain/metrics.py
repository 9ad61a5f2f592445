"""The names of what is measured: the figures of instances, and those of a chain from end to end."""

from collections.abc import Mapping

INSTANCE_METRICS: Mapping[str, str] = {
    "cpu": "share of the instance's vCPUs in use, 0 to 1",
    "memory_mib": "memory in use, MiB",
    "rx_mbps": "received, Mbit/s",
    "tx_mbps": "sent, Mbit/s",
    "rx_packets_per_s": "packets received each second",
    "tx_packets_per_s": "packets sent each second",
    "drops_per_s": "packets dropped each second",
    "connections": "connections that are open",
    "requests_per_s": "requests answered each second",
    "errors_per_s": "requests that failed each second",
    "latency_ms": "mean time to an answer, ms",
    "latency_p95_ms": "time within which 95 % of the answers came, ms",
}
"""Name -> what it is. All are gauges: what is counted is a rate already, over the source's last interval."""

CHAIN_METRICS: Mapping[str, str] = {
    "chain_latency_ms": "one way, from the first to the last connection point, ms",
    "chain_loss": "share of the packets that get lost, 0 to 1",
    "chain_mbps": "carried, Mbit/s",
}
"""Name -> what it is. Their samples have the label `chain`, and none of a component."""

INSTANCES = "instances"
"""How many instances a component has: known without any source."""
