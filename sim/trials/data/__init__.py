"""Data of trials: simulated by a statistical model or by agents, or in tables of one's own."""
