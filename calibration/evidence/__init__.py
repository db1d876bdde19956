"""Evidence: the studies behind the priors on effects, and the rule that turns them into priors."""
