"""Engines: one theory run as readable Mesa agents or compiled, for one world or many."""
