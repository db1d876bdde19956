"""Cluster trials: exact mixed models, analysis of a data file, and power by formula.

- `design_columns`, `cell_sums`, `reml`, `small_sample`, `mixed_model`: the linear mixed model.
- `random_intercept`, `random_intercept_compiled`, `t_distribution`: thousands of fits a second.
- `model_formula`, `trial_table`, `cluster_tests`, `analyse`, `analysis_text`: one data set.
- `noncentral_t`, `two_arm_power`, `treatment_schedule`, `correlation`, `formula_power`: power.
"""
