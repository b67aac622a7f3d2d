"""The only place that touches the world: sockets, files, the clock, randomness, logging, wiring."""
