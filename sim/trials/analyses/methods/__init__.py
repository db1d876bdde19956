"""One file for each analysis; `sim.trials.analyses.registry` lists them."""
