"""Small models of the same shape, written as one would with other tools.

All three are one model (`constants`), so that only the tool differs: teams of staff who come and
go, are trained, influence each other and change what they do, and service users who meet a key
worker and recover. They have as many agents as the simulation, draw as many random numbers a week
and update about as many variables.

They leave out: keyed draws (so neither common random numbers nor the same result in any order or
number of threads), parameters that can be changed (theirs are constants), calendars and settings of
a scenario, trusts, moves between teams, induction, selection of teams, stepped support,
every instrument (no questionnaire is filled in), events, assessments and trajectories. Each would
cost them time.
"""
