"""Long studies: `make study-NAME` runs NAME.py, which writes NAME.csv beside it.

The tables are committed and say from which command, seed and version they come. The tests run small
versions of the same code.
"""
