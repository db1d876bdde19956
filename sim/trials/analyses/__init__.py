"""Analyses: from the rows of one trial to estimates and tests."""
