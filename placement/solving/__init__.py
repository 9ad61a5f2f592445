"""HiGHS and CBC, each in a process of its own that can be ended at any moment, and a race between them."""
