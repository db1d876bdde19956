"""What a rollout teaches: registers of its first months move the planner's own posterior.

`statistics` says what is observed and what the model makes of the same, `likelihood` how far the
two fit, `particles` which parameters remain, `study` does all of it, `findings` says what it means.
"""
