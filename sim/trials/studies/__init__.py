"""Studies: the REFOCUS trial replicated, the PULSAR trial forecast."""
