"""Designs: which cluster is treated and measured when, said in a file, checked and randomised."""
