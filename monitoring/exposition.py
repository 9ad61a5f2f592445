"""The series by which instances and chains are exposed: who serves them and who reads them agree here.

Names are Prometheus' own way: base units, `_total` for what is counted. docs/metrics.md tells of each.
"""

INSTANCE_LABELS = ("service", "component", "instance", "pop", "tenant")
"""Of every series of an instance."""
CHAIN_LABELS = ("service", "chain", "tenant", "kind")
"""Of every series of a chain; `kind` is one of `CHAIN_KINDS`."""

MEASURED, DERIVED = "measured", "derived"
CHAIN_KINDS = (MEASURED, DERIVED)
"""By packets sent along the chain; from what its links are planned with and its functions report."""

UP = "interlace_instance_up"
OBSERVED = "interlace_instance_observed_timestamp_seconds"
VCPUS = "interlace_instance_vcpus"
CPU_SECONDS = "interlace_instance_cpu_seconds"
CPU_CORES = "interlace_instance_cpu_usage_cores"
MEMORY = "interlace_instance_memory_bytes"
MEMORY_LIMIT = "interlace_instance_memory_limit_bytes"
RECEIVED_BYTES = "interlace_instance_receive_bytes"
SENT_BYTES = "interlace_instance_transmit_bytes"
RECEIVED_PACKETS = "interlace_instance_receive_packets"
SENT_PACKETS = "interlace_instance_transmit_packets"
RECEIVED_DROPS = "interlace_instance_receive_drops"
SENT_DROPS = "interlace_instance_transmit_drops"
REFUSED = "interlace_instance_refused_packets"
CONNECTIONS = "interlace_instance_connections"
REQUESTS = "interlace_instance_requests"
ERRORS = "interlace_instance_request_errors"
DURATION = "interlace_instance_request_duration_seconds"
LATENCY = "interlace_instance_latency_seconds"
LATENCY_P95 = "interlace_instance_latency_p95_seconds"
CUSTOM_PREFIX = "function_"
"""Of what a function reports beyond these: `function_` and its own name for it."""

CHAIN_LATENCY = "interlace_chain_latency_seconds"
CHAIN_LOSS = "interlace_chain_loss_ratio"
CHAIN_RATE = "interlace_chain_throughput_bits_per_second"
CHAIN_DIFFERENCE = "interlace_chain_latency_difference_seconds"
CHAIN_AGE = "interlace_chain_probe_age_seconds"

GAP = "interlace_scrape_gap"
"""An info, so `_info` follows: what could not be had, in its label `reason`."""
REASON = "reason"
ILL = "not healthy: "
"""How a reason begins that is the VIM's words on what is wrong with an instance."""


def counter(name: str) -> str:
    """The name of a counter's samples."""
    return f"{name}_total"
