"""Why things change: the rules of the causal chain, one file per link.

Every rule is a pure function of scalars, or of records that it reads by attribute (an agent, a
parameter set, an action) and never writes. A rule that changes an agent returns a named tuple
whose fields are the state variables that change. `sim.week` says who follows which rule when; both
engines run that table: Mesa agents as plain Python, the ensemble compiled.

A rule's docstring says what it means, its equation, its source and the grade of that evidence:
trial, literature or assumption, as for parameters, or *definition* where nothing is claimed of the
world (counts, copies, limits, draws with a chance that another rule gives).

Restrictions that keep the two paths equal to the last bit: no powers, no NumPy, sums in the order
of places, logarithms and exponentials only from `sim.elementary`.
"""
