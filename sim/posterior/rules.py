"""Which rules a posterior was fitted with: a hash of what they compute.

Comments, docstrings, type hints, imports and layout do not count, nor does what a file declares of
its place in the whole (`DECLARED`); a changed number or expression does.
"""

from __future__ import annotations

import ast
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent.parent
RULES = ("streams.py", "mechanisms/*.py", "measures/*.py")
NO_RULES = frozenset({"catalogue.py", "instrument.py", "purposes.py"})
"""Files beside the rules that describe instruments and compute nothing in a simulated week."""
DECLARED = frozenset({"LINK", "INSTRUMENTS", "PRACTICES", "PROCESSES"})
NOT_COMPUTED = frozenset({"annotation", "returns", "type_comment", "type_params", "kind"})


@cache
def rules_hash(home: Path = HOME) -> str:
    """Return a hash of what the rules of streams, mechanisms and measures compute."""
    digest = blake2b(digest_size=12)
    for pattern in RULES:
        for path in sorted(home.glob(pattern)):
            if path.name not in NO_RULES:
                digest.update(f"{path.name} {computed(path.read_text(encoding='utf-8'))}".encode())
    return digest.hexdigest()


def computed(source: str) -> str:
    """Return what source code computes, as text that any version of Python writes alike."""
    return repr(_plain(ast.parse(source)))


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(one) for one in node if not (_is_text(one) or _is_declared(one))]
    if not isinstance(node, ast.AST):
        return node
    fields = [
        (name, _plain(value))
        for name, value in ast.iter_fields(node)
        if name not in NOT_COMPUTED and value not in (None, [])
    ]
    return (type(node).__name__, *fields)


def _is_text(node: Any) -> bool:
    """Return whether a statement is a docstring or another text that nothing reads."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _is_declared(node: Any) -> bool:
    """Return whether a statement is an import, or declares a link or instruments."""
    names = [ast.unparse(one) for one in node.targets] if isinstance(node, ast.Assign) else []
    return isinstance(node, ast.Import | ast.ImportFrom) or not DECLARED.isdisjoint(names)
