"""Calibration to trials: `evidence` goes in, `sampling` fits it, `findings` say what follows."""
