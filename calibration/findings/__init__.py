"""Findings: what a fit says, how sure that is, checks of it, and the pages that tell it."""
