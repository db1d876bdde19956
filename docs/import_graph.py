"""Which module imports which, read from the source; and the order of the layers.

`tests/test_house_rules.py` holds the rules, `docs/build_architecture.py` draws the picture.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

# Each row may use itself and the rows above it.
LAYERS = (
    {
        "drawing",
        "elementary",
        "errors",
        "events",
        "files",
        "frameworks",
        "parameters",
        "posterior",
        "reading",
        "spreadsheet",
        "streams",
        "text_table",
        "workbook",
    },
    {"element", "link", "mechanisms", "measures"},
    {"state"},
    {"scenarios", "inputs", "population", "week", "week_text"},
    {"agents"},
    {"engines"},
    {"runs"},
    {"trials", "planning", "learning"},
    {"report"},
    {"api", "teaching"},
    {"pages"},
    {"commands"},
    {"cli", "mesa_view", "web", "__main__"},
)
CALIBRATION_LAYERS = (
    {"evidence"},
    {"sampling"},
    {"findings"},
    {"own_trials", "pipeline"},
    {"cli", "__main__"},
)


def layer_of(module: str) -> int | None:
    """Return a module's layer, -1 for a package itself, None for a part without a place."""
    package, *parts = module.split(".")
    if not parts:
        return -1
    layers = LAYERS if package == "sim" else CALIBRATION_LAYERS
    return next((depth for depth, names in enumerate(layers) if parts[0] in names), None)


def module_name(path: Path, root: Path) -> str:
    """Return the dotted name of a file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def only_for_types(node: ast.AST) -> bool:
    """Whether a node is ``if TYPE_CHECKING:``, whose imports never run."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def nodes_that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a source that run, leaving out what is only for type checkers."""
    todo = [tree]
    while todo:
        node = todo.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            if only_for_types(child):
                assert isinstance(child, ast.If)
                todo += child.orelse
            else:
                todo.append(child)


def imports(source: str, module: str, is_package: bool, known: set[str]) -> set[str]:
    """Return the modules that a source imports, wherever in the file, if they are ours."""
    found = set()
    for node in nodes_that_run(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".") if is_package else module.split(".")[:-1]
                up = up[: len(up) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            # `from sim import streams` imports the module sim.streams, not only sim.
            within = {f"{base}.{alias.name}" for alias in node.names}
            found |= within & known
            if not within <= known:
                found.add(base)
    return {one for one in found if one.split(".")[0] in ("sim", "calibration")}


def graph(root: Path, *folders: str) -> dict[str, set[str]]:
    """Return which of our modules each module in the folders imports."""
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    ours = {module_name(path, root) for path in paths}
    return {
        module_name(path, root): imports(
            path.read_text(encoding="utf-8"),
            module_name(path, root),
            path.name == "__init__.py",
            ours,
        )
        for path in paths
    }
