"""The recovery model of a checkpointing orchestrator: what it costs, what it gains, equation by equation.

After Soenen, Tavernier, Colle and Pickavet, "Optimising microservice-based reliable NFV management and
orchestration architectures". Times are in seconds, sizes in kB (1000 bytes), rates in 1/s, bandwidth in kB/s.
What the text leaves open, and where an equation is not taken as printed, stands in docs/reliability.md.
"""
