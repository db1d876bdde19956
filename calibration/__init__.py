"""Calibration to the trial: targets, fitting, diagnostics, sensitivity and validation."""
