"""Evidence: targets and the figures they may name, studies, and the rule from them to priors."""
