"""What policies would have done over a recorded series: no deployment needed."""
