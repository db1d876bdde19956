"""Names of implementation science: published lists, and what they are here.

`frameworks.toml` holds the lists with their sources. What each thing here is called in them stands
beside it, as a table ``[words."<field or measure>"]`` of its own TOML file.
"""

from sim.frameworks.names import Framework, frameworks
from sim.frameworks.words import Words, joined, names_by_list, own_words, words_in

__all__ = [
    "Framework",
    "Words",
    "frameworks",
    "joined",
    "names_by_list",
    "own_words",
    "words_in",
]
