"""Trials: design, recruitment, randomisation, follow-up, analysis and power."""
