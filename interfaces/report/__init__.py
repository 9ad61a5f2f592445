"""What became of a service over time, and what its policies did about it: a page that needs nothing else."""
