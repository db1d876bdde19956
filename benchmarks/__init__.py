"""How fast the ensemble is, always beside something that ran in the same minutes."""
