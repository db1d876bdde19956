"""Runs: a request, simulated in chunks that can be resumed, and the tidy tables it leaves."""
