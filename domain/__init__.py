"""What every part of Interlace speaks: descriptors, requests, plans, records, errors and names. No I/O."""
