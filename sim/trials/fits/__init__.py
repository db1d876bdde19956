"""Fits: exact mixed models, their formulas and their small-sample inference."""
