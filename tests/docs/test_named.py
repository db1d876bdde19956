"""Claims about hand-written pages: what they name exists, what they count is the count.

Files, tests, modules, commands with their options, targets of make and names of Python are read
from the pages; a new page is covered unasked.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from docs.build_reference import command_parsers
from sim.parameters import registry
from sim.trials.designs.design_schema import DesignFile

ROOT = Path(__file__).resolve().parents[2]
# Records of a date, which nothing mends.
RECORDS = {"prediction-pulsar.md", "prediction-pulsar-scored.md", "prediction-retaform.md"}
TOP = ("README.md", "CONTRIBUTING.md", "paper.md", "notebooks/README.md")
PAGES = sorted(
    page
    for page in [*(ROOT / one for one in TOP), *(ROOT / "docs").rglob("*.md")]
    if page.name not in RECORDS
)
FOLDERS = r"(?:\.ci|benchmarks|calibration|docs|notebooks|scripts|sim|tests)"
WORDS = {"seven": 7, "eight": 8, "nine": 9, "ten": 10}


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def spans(page: Path) -> tuple[str, ...]:
    """Return the pieces of code in a page's sentences."""
    prose = re.sub(r"^ *```.*?^ *```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return tuple(" ".join(one.split()) for one in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose))


@cache
def commands(page: Path) -> tuple[str, ...]:
    """Return the commands in a page, those of its blocks among them."""
    blocks = re.findall(r"^ *```(?:sh|text)?\n(.*?)^ *```", text_of(page), re.DOTALL | re.MULTILINE)
    lines = [
        line.split(" #")[0].strip()
        for block in blocks
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return tuple(one for one in (*spans(page), *lines) if one.startswith("refocus "))


@cache
def source(folder: str) -> str:
    return "\n".join(one.read_text(encoding="utf-8") for one in (ROOT / folder).rglob("*.py"))


@cache
def options() -> dict[str, argparse.ArgumentParser]:
    return command_parsers()


def made_here(page: Path) -> set[str]:
    """Return the files that a page tells its reader to make."""
    return set(re.findall(r"`([^`\n]+)`, new", text_of(page)))


def named(pattern: str) -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        for one in spans(page):
            for found in re.findall(pattern, one):
                yield page, found


def wrong(found: list[tuple[Path, str]]) -> list[str]:
    return sorted({f"{page.relative_to(ROOT)}: {what}" for page, what in found})


def test_files_that_pages_name_exist() -> None:
    paths = [
        (page, path.rstrip("."))
        for page, path in named(rf"^{FOLDERS}/[\w./*-]*")
        if path not in made_here(page)
    ]
    assert len(paths) > 60
    missing = [(page, path) for page, path in paths if not list(ROOT.glob(path.rstrip("/")))]
    assert wrong(missing) == []


def test_tests_that_pages_name_exist() -> None:
    tests = source("tests")
    files = {one.stem for one in (ROOT / "tests").rglob("test_*.py")}
    names = list(named(r"\btest_\w+"))
    assert len(names) > 20
    missing = [one for one in names if one[1] not in files and f"def {one[1]}(" not in tests]
    assert wrong(missing) == []


def test_modules_and_targets_that_pages_name_exist() -> None:
    targets = text_of(ROOT / "Makefile")
    studies = {f"study-{one.stem}" for one in (ROOT / "benchmarks/studies").glob("*.py")}
    made = named(r"^make ([a-z][\w-]+)")
    assert (
        wrong([one for one in made if f"\n{one[1]}:" not in targets and one[1] not in studies])
        == []
    )
    missing = []
    for page, name in named(rf"python -m ({FOLDERS}[\w.]*)"):
        place = ROOT / name.replace(".", "/")
        if not (place / "__main__.py").exists() and not place.with_suffix(".py").exists():
            missing.append((page, name))
    assert wrong(missing) == []


def fault_of(command: str) -> str:
    """Return what is wrong with a command that a page names; empty when nothing is."""
    _, name, *words = command.split()
    if name.startswith("-") or name in ("NAME", "COMMAND"):
        return ""
    if name not in options():
        return f"no command {name}"
    known = options()[name]._option_string_actions
    given = [one.split("=")[0].rstrip(".,") for one in words if one.startswith("--")]
    if odd := [one for one in given if one not in known]:
        return f"{name} has no {', '.join(odd)}"
    return ""


def test_commands_and_options_that_pages_name_exist() -> None:
    found = [(page, one) for page in PAGES for one in commands(page)]
    assert len(found) > 100
    assert wrong([(page, f"{one}: {fault_of(one)}") for page, one in found if fault_of(one)]) == []
    every = {one for parser in options().values() for one in parser._option_string_actions}
    # Of podman, of ./test, of scripts.
    others = source("docs") + source("benchmarks") + text_of(ROOT / "test") + "--network"
    alone = named(r"^--[a-z][a-z-]+")
    assert wrong([one for one in alone if one[1] not in every and one[1] not in others]) == []


def test_a_command_that_is_not_there_is_found() -> None:
    assert fault_of("refocus run usual-care --draws 5") == ""
    assert fault_of("refocus run usual-care --drawz 5") == "run has no --drawz"
    assert fault_of("refocus rum") == "no command rum"


def test_names_of_python_that_pages_name_exist() -> None:
    missing = []
    for page, name in named(r"^(?:sim|calibration)(?:\.\w+)+"):
        place, rest = ROOT, name.split(".")
        while rest and (place / rest[0]).is_dir():
            place /= rest.pop(0)
        if rest and (place / f"{rest[0]}.py").exists():
            place /= f"{rest.pop(0)}.py"
        home = place / "__init__.py" if place.is_dir() else place
        if rest and not re.search(rf"\b{rest[0]}\b", text_of(home)):
            missing.append((page, name))
    assert wrong(missing) == []


def test_variables_and_parameters_that_pages_name_exist() -> None:
    """A name with an underscore is one of ours, in code or in a file of parameters or settings."""
    files = [
        one
        for folder in ("sim", "calibration", "docs")
        for ending in ("py", "toml", "js")
        for one in (ROOT / folder).rglob(f"*.{ending}")
    ]
    known = set(re.findall(r"\w+", "\n".join(text_of(one) for one in files)))
    # Of Mesa, of MkDocs, of an example; columns of one's own data are written by a script.
    known |= {"agents_by_type", "max_steps", "number_processes", "repo_url", "wemwbs_correlation"}
    names = named(r"(?<![\w/.-])(?!test_)[a-z]+_[a-z0-9_]+(?![\w/.-]*\.)")
    missing = [(page, one) for page, one in names if one not in known]
    assert wrong([one for one in missing if not one[1].endswith(("_start", "_end"))]) == []


def test_links_from_pages_outside_of_the_site_lead_somewhere() -> None:
    for name in TOP:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(ROOT / name))
        assert [one for one in links if not (ROOT / name).parent.joinpath(one).exists()] == []


def test_the_notebooks_are_as_many_as_is_said() -> None:
    count = len(list((ROOT / "notebooks").glob("[0-9]_*.py")))
    said = [
        (page, word)
        for page in PAGES
        for word in re.findall(r"\b(\w+) (?:Jupyter )?notebooks\b", text_of(page).lower())
        if word in WORDS
    ]
    assert len(said) >= 4
    assert wrong([(page, word) for page, word in said if WORDS[word] != count]) == []


@pytest.mark.parametrize("option", ["--cluster", "--resume"])
def test_commands_that_run_elsewhere_or_go_on_are_named(option: str) -> None:
    have = {name for name, one in options().items() if option in one._option_string_actions}
    page = text_of(ROOT / "docs/how-to/cluster.md").split("```")[0]
    assert have == set(re.findall(r"`(\w+)`", page))


def test_versions_that_pages_state_are_those_that_are_required() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]
    (mesa,) = [one for one in project["dependencies"] if one.startswith("mesa")]
    low, below = re.findall(r"[\d.]+", mesa)
    major, minor = below.split(".")
    assert f"Mesa {low} to {major}.{int(minor) - 1}" in " ".join(
        text_of(ROOT / "docs/mesa-tools.md").split()
    )
    python = project["requires-python"].removeprefix(">=")
    for page in ("README.md", "docs/faq.md"):
        assert f"Python {python}" in " ".join(text_of(ROOT / page).split())
    axe = (ROOT / "tests/web/vendor/axe.min.js").read_text(encoding="utf-8")[:200]
    (version,) = re.findall(r"axe v([\d.]+)", axe)
    assert f"axe-core {version}" in text_of(ROOT / "docs/accessibility.md")


def test_every_part_of_the_package_is_told_what_it_is_for() -> None:
    page = text_of(ROOT / "docs/architecture.md")
    parts = {one.name for one in (ROOT / "sim").iterdir() if not one.name.startswith(("_", "py."))}
    assert {one for one in parts if f"`sim/{one}" not in page} == set()


def test_the_page_on_trials_has_every_worked_design_and_every_table_of_one() -> None:
    page = text_of(ROOT / "docs/trials.md")
    (listed,) = re.findall(r"Worked designs can be used by\s+name: (.*?)\. ", page, re.DOTALL)
    library = {one.stem for one in (ROOT / "sim/trials/designs/library").glob("*.toml")}
    assert set(re.findall(r"`([\w-]+)`", listed)) == library
    tables = {name for name, one in DesignFile.model_fields.items() if one.annotation is not str}
    tables -= {"assumptions"}
    assert {
        one for one in tables if f"| `[{one}]`" not in page and f", `[{one}]` |" not in page
    } == set()


def test_the_description_of_the_model_says_how_each_pattern_is_used() -> None:
    targets = tomllib.loads(text_of(ROOT / "calibration/evidence/targets.toml")).values()
    rows = re.findall(
        r"^\| (P\d+) \|.*?\|.*?\| (.*?) \|", text_of(ROOT / "docs/ODD.md"), re.MULTILINE
    )
    uses = {
        pattern: {one["use"] for one in targets if one["pattern"] == pattern} for pattern, _ in rows
    }
    assert {one["pattern"] for one in targets} == set(uses)
    for pattern, said in rows:
        assert all(use in said for use in uses[pattern]), pattern
        assert said.startswith(tuple(uses[pattern])), pattern


def test_the_page_on_evidence_names_the_constants_that_are_solved() -> None:
    page = text_of(ROOT / "docs/evidence.md")
    solved = {name for name, one in registry().items() if one.solved}
    beyond = {name for name in solved if name not in page}
    assert len(beyond) == 3, "one for each component beyond REFOCUS"
