"""Write every generated page of the documentation anew: ``python -m docs``."""

from __future__ import annotations

from docs import build_architecture, build_odd, build_reference, build_tables
from docs.marked import write
from sim.parameters import document as parameters


def everything() -> None:
    """Write parameters, model description and architecture from the source."""
    parameters.write()
    write(build_odd.PAGE, build_odd.WANTED)
    write(build_tables.PAGE, build_tables.WANTED)
    write(build_reference.COMMAND_LINE, build_reference.WANTED_COMMANDS)
    write(build_reference.PYTHON, build_reference.WANTED_PYTHON)
    build_architecture.PICTURE.write_text(
        build_architecture.picture(), encoding="utf-8", newline="\n"
    )
    write(build_architecture.PAGE, build_architecture.PARTS)


if __name__ == "__main__":
    everything()
