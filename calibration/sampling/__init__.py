"""Sampling: priors, simulated trials, the likelihood and what draws from the posterior."""
