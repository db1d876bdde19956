"""Implementation of recovery support in community mental health teams, simulated."""
