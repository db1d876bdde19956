"""The commands of `refocus`, one file each: thin shells over the rest of the package.

Every file has ``add_arguments(commands)``, which adds its parser, and ``run(options)``, which
returns an exit code.
"""
