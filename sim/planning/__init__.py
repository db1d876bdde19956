"""Planning: what to roll out, where and in which order, what it takes and what it costs.

`prices` and `setting` read what a planner knows, `trainers` turns a wish into start weeks that
trainers and budget allow, `resources` and `costs` count, `comparison` compares with usual care.
"""
