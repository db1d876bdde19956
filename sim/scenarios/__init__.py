"""What if: the schema of scenarios, the library of them, and their expansion into weeks.

A scenario is one readable TOML file. `sim.scenarios.library` loads it, `sim.scenarios.expand` turns
it into arrays by programme and week, `sim.scenarios.safe` describes how feasible it looks.
"""
