"""Links between PoPs whose delay, rate and loss are real: what carries the frames of a modelled WAN."""
