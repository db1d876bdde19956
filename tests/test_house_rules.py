"""The rules of the house: which way parts depend, what stays unloaded, what is left out.

They are read from the source, so a broken rule is found before it costs anything.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.import_graph import graph, layer_of

ROOT = Path(__file__).resolve().parents[1]

ENTRANCES = {"cli", "mesa_view", "web", "__main__"}
SLOW_TO_LOAD = ("mesa", "numba", "pandas", "scipy.stats")


def upward(edges: dict[str, set[str]]) -> list[str]:
    """Return every import within sim or calibration that goes against the order of layers."""
    wrong = []
    for module, targets in sorted(edges.items()):
        package = module.split(".")[0]
        if package not in ("sim", "calibration"):
            continue
        here = layer_of(module)
        if here is None:
            wrong.append(f"{module} has no place in the layers")
            continue
        for target in sorted(targets):
            other = target.split(".")[0]
            if package != other:
                # Calibration uses the model, which knows nothing of it.
                wrong += [f"{module} imports {target}"] * (package == "sim")
                continue
            there = layer_of(target)
            if there is None or there > here:
                wrong.append(f"{module} imports {target}")
    return wrong


def into_entrances(edges: dict[str, set[str]]) -> list[str]:
    """Return every import of the command line or the web page from outside of it."""
    return [
        f"{module} imports {target}"
        for module, targets in sorted(edges.items())
        for target in sorted(targets)
        if target.split(".")[1:2]
        and target.split(".")[1] in ENTRANCES
        and module.split(".")[:2] != target.split(".")[:2]
        # `python -m sim` and the command that starts the web page's server are entrances too.
        and not (
            module.endswith(".__main__") or module == "sim.cli" or module.startswith("sim.cli.")
        )
    ]


def cycle(edges: dict[str, set[str]]) -> list[str]:
    """Return one circle of imports, or an empty list."""
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return []
        for target in sorted(edges.get(module, ())):
            if target != module and (found := visit(target, [*trail, module])):
                return found
        done.add(module)
        return []

    return next((found for module in sorted(edges) if (found := visit(module, []))), [])


@pytest.fixture(scope="module")
def edges() -> dict[str, set[str]]:
    return graph(ROOT, "sim", "calibration", "benchmarks")


def test_the_graph_sees_the_imports_that_are_there(edges: dict[str, set[str]]) -> None:
    assert "sim.errors" in edges["sim.parameters.registry"]
    assert "sim.parameters.priors" in edges["sim.parameters"], "imports inside functions count"


def test_imports_follow_the_layers(edges: dict[str, set[str]]) -> None:
    assert upward(edges) == []


def test_nothing_imports_the_command_line_or_the_web_page(edges: dict[str, set[str]]) -> None:
    assert into_entrances(edges) == []


def test_no_imports_go_in_a_circle(edges: dict[str, set[str]]) -> None:
    assert cycle(edges) == []


@pytest.mark.parametrize(
    ("path", "source", "problem"),
    [
        (
            "sim/mechanisms/a.py",
            "from sim.engines.mesa_model import World",
            "sim.mechanisms.a imports sim.engines.mesa_model",
        ),
        (
            "sim/streams.py",
            "def f():\n    import sim.runs.results",
            "sim.streams imports sim.runs.results",
        ),
        ("sim/measures/a.py", "from .. import agents", "sim.measures.a imports sim.agents"),
        (
            "sim/engines/mesa_model.py",
            "import calibration.sampling.fit",
            "sim.engines.mesa_model imports calibration.sampling.fit",
        ),
        ("sim/elsewhere.py", "", "sim.elsewhere has no place in the layers"),
        (
            "sim/__init__.py",
            "from sim.runs.simulate import simulate",
            "sim imports sim.runs.simulate",
        ),
        (
            "calibration/sampling/fit.py",
            "from calibration.findings import conclusions",
            "calibration.sampling.fit imports calibration.findings",
        ),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, path: str, source: str, problem: str) -> None:
    (tmp_path / "sim/agents").mkdir(parents=True)
    (tmp_path / "sim/agents/__init__.py").touch()
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(source, encoding="utf-8")
    assert upward(graph(tmp_path, *{"sim", path.split("/")[0]})) == [problem]


def test_an_import_for_types_alone_may_go_upward(tmp_path: Path) -> None:
    (tmp_path / "sim/agents").mkdir(parents=True)
    (tmp_path / "sim/agents/staff.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sim.runs import results\n",
        encoding="utf-8",
    )
    assert upward(graph(tmp_path, "sim")) == []


def test_a_circle_and_an_import_of_an_entrance_are_found() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert into_entrances({"calibration.sampling.fit": {"sim.cli"}}) == [
        "calibration.sampling.fit imports sim.cli"
    ]
    assert into_entrances({"sim.web.server": {"sim.web.pages"}}) == []


def test_no_test_file_needs_another_to_be_collected() -> None:
    """What tests share stands in a conftest.py or in a module that holds no test.

    A test file may be skipped while it is imported; then all that import from it are errors, and
    pytest runs nothing.
    """
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tests"
        for module in (node.module or "", *(one.name for one in node.names))
        if module.rpartition(".")[2].startswith("test_")
    ]
    assert wrong == []


def from_the_library(source: str) -> list[str]:
    """Return what a source takes from the machine's mathematical library, square roots apart."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.ImportFrom) and node.module in {"math", "cmath"})
        and {alias.name for alias in node.names} - {"sqrt", "nan", "inf"}
        or isinstance(node, ast.Import)
        and {alias.name.split(".")[0] for alias in node.names} & {"math", "cmath", "numpy", "scipy"}
        or isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
    ]


def test_rules_give_the_same_bits_on_every_machine() -> None:
    """Libraries differ in the last digit; arithmetic and square roots do not (IEEE 754)."""
    files = [ROOT / "sim/elementary.py", ROOT / "sim/streams.py"]
    for folder in ("mechanisms", "measures"):
        files += (ROOT / "sim" / folder).rglob("*.py")
    assert len(files) > 30
    found = {path.name: from_the_library(path.read_text(encoding="utf-8")) for path in files}
    assert {name: taken for name, taken in found.items() if taken} == {}


@pytest.mark.parametrize(
    "source", ["from math import exp", "import math", "import numpy as np", "y = x ** 2"]
)
def test_a_rule_that_uses_the_library_is_found(source: str) -> None:
    assert from_the_library(source) != []
    assert from_the_library("from math import sqrt\ny = sqrt(x * x)") == []


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter holds after it ran `code`."""
    report = f"{code}\nimport sys\nprint('\\n@'.join(['', *sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", report], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return {line[1:] for line in done.stdout.splitlines() if line.startswith("@")}


def test_import_sim_stays_light() -> None:
    modules = loaded_by("import sim")
    assert "sim" in modules
    assert not modules & {*SLOW_TO_LOAD, "numpy"}


def test_the_registry_stays_light() -> None:
    modules = loaded_by("import sim.parameters\nsim.parameters.defaults()")
    assert "tomllib" in modules
    assert not modules & {*SLOW_TO_LOAD, "numpy", "scipy"}


def test_the_help_of_the_command_line_stays_light() -> None:
    if not any((ROOT / "sim" / one).exists() for one in ("cli.py", "cli/__main__.py")):
        reason = "sim/cli.py does not exist yet, so its help cannot be tried"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    modules = loaded_by(
        "import runpy, sys\n"
        "sys.argv = ['refocus', '--help']\n"
        "try:\n"
        "    runpy.run_module('sim.cli', run_name='__main__')\n"
        "except SystemExit as ended:\n"
        "    assert not ended.code, ended.code\n"
        "else:\n"
        "    raise AssertionError('--help did not end the program')\n"
    )
    assert "sim" in modules
    assert not modules & set(SLOW_TO_LOAD)


def project_files() -> list[Path]:
    """Return the files that are, or would be, committed."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode("utf-8")
        paths = [ROOT / name for name in listed.split("\0") if name]
    else:
        skipped = re.compile(r"\.(venv|git|\w+_cache|hypothesis)|__pycache__|results|build|dist")
        paths = [
            path
            for path in ROOT.rglob("*")
            if not any(skipped.fullmatch(part) for part in path.relative_to(ROOT).parts)
        ]
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return the project's text files by their name in the project."""
    found = {}
    for path in project_files():
        content = path.read_bytes()
        if b"\0" not in content:
            found[path.relative_to(ROOT).as_posix()] = content.decode("utf-8", errors="replace")
    assert "pyproject.toml" in found
    return found


def lines_with(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number}: {match[0]}"
        for name, text in sorted(texts.items())
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


# The patterns are put together from pieces, so that this file does not contain what it looks for.
MACHINE_PATH = re.compile(
    r"(?<![\w.~$}\])])/(?:" + "|".join(("wo" + "rk", "ro" + "ot", "tm" + "p", "op" + "t")) + r")/\w"
    r"|(?<![\w.~$}\])])/(?:ho" + r"me|Us" + r"ers)/\w+/"
    r"|\b[A-Z]:\\{1,2}Us" + "ers"
    r"|\bfile:" + "//"
)
REGISTRY_HOST = re.compile(
    r"\b(?:pypi" + r"\.(?:org|python)|(?:files\.)?python" + r"hosted\.org|registry\." + "npm"
    r"|npm" + r"js\.(?:org|com)|conda\.ana" + r"conda|ana" + r"conda\.org|deb\.deb" + r"ian"
    r"|proxy\.go" + "lang)"
    r"|--(?:extra-)?ind" + "ex-url|--find-" + "links"
)
UNFINISHED = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + r"X)\b")


def test_no_file_carries_a_machine_path(texts: dict[str, str]) -> None:
    assert lines_with(MACHINE_PATH, texts) == []


def test_no_file_names_a_package_registry(texts: dict[str, str]) -> None:
    assert lines_with(REGISTRY_HOST, texts) == []


def test_nothing_is_left_for_later(texts: dict[str, str]) -> None:
    assert lines_with(UNFINISHED, texts) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE_PATH, "'/wo" + "rk/main'"),
        (MACHINE_PATH, "cd /ro" + "ot/x"),
        (MACHINE_PATH, "open('/tm" + "p/x')"),
        (MACHINE_PATH, "/ho" + "me/someone/x"),
        (MACHINE_PATH, "C:\\Us" + "ers\\x"),
        (REGISTRY_HOST, "https://pypi" + ".org/simple"),
        (REGISTRY_HOST, "files.python" + "hosted.org"),
        (UNFINISHED, "# TO" + "DO: later"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert lines_with(pattern, {"a": text}) != []


@pytest.mark.parametrize(
    "text", ["team/work/life", "results/tmp/x", "${here}/work/x", "https://example.org/home/x"]
)
def test_ordinary_paths_are_left_alone(text: str) -> None:
    assert lines_with(MACHINE_PATH, {"a": text}) == []


def test_a_signed_number_that_rounds_to_nought_has_no_minus() -> None:
    """`z` in a format turns -0.00 into +0.00, which says no direction that was not found."""
    wrong = [
        f"{path.relative_to(ROOT)}: {found}"
        for folder in ("sim", "calibration", "docs")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for found in re.findall(r":\+,?\.[0-9{][^}]*", path.read_text(encoding="utf-8"))
    ]
    assert wrong == []
