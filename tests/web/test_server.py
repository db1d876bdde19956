"""Claims about the server: what it refuses, what every answer carries, what it gives back."""

from __future__ import annotations

import ast
import asyncio
import csv
import io
import re
import socket
import subprocess
import sys
import threading
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.inputs.tables import formats
from sim.spreadsheet import FORMULA_SIGNS, csv_text
from sim.web.application import LIVE, Site, application
from sim.web.command import allowed_hosts, own_addresses
from sim.web.limits import Limits
from sim.web.security import PAGE_POLICY, Refused, limited
from tests.web.serving import JSON, SESSION, Served, job

with warnings.catch_warnings():
    # Starlette announces that it will prefer a successor of httpx.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

ROOT = Path(__file__).parents[2]
HOSTS = allowed_hosts("127.0.0.1", ["testserver"])
CSV = {**SESSION, "content-type": "text/csv"}
SMALL = {
    "teams": {"kind": "described", "trusts": 1, "teams_per_trust": 3, "sampled": 5},
    "weeks": 8,
    "draws": 4,
    "scenarios": [
        {"preset": "usual-care", "label": "Usual care"},
        {"preset": "refocus-as-delivered", "label": "REFOCUS"},
    ],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    site = Site(tmp_path_factory.mktemp("web"), Limits())
    with TestClient(application(site, HOSTS), raise_server_exceptions=False) as made:
        yield made


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A server whose workers were never started: for requests that must not reach them."""
    site = Site(tmp_path_factory.mktemp("idle"), replace(Limits(), roster_bytes=20_000))
    return TestClient(application(site, HOSTS), raise_server_exceptions=False)


def refusal(response: httpx.Response, status: int) -> str:
    """Return the one line of a refusal, which says nothing of the machine."""
    assert response.status_code == status, response.text
    line = str(response.json()["error"])
    assert "\n" not in line
    assert "Traceback" not in line
    assert str(ROOT) not in line
    return line


def done(client: TestClient, kind: str, settings: Any) -> str:
    """Run a job to its end and return its key."""
    response = client.post("/api/jobs", content=job(kind, settings), headers=JSON)
    assert response.status_code in (200, 202), response.text
    key = str(response.json()["key"])
    end = time.monotonic() + 120.0
    while time.monotonic() < end:
        state = client.get(f"/api/jobs/{key}", headers=SESSION).json()
        if state["state"] == "done":
            return key
        assert state["state"] in ("waiting", "running"), state
        time.sleep(0.05)
    raise AssertionError("took too long")


def test_every_answer_forbids_what_the_page_does_not_need(idle: TestClient) -> None:
    for path in ("/", "/static/main.js", "/api/health", "/nowhere", "/api/jobs/none"):
        headers = idle.get(path).headers
        assert headers["content-security-policy"] == PAGE_POLICY, path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers
    assert "unsafe" not in PAGE_POLICY
    assert "http:" not in PAGE_POLICY
    assert "https:" not in PAGE_POLICY


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    for path in (ROOT / "sim/web/static").iterdir():
        text = path.read_text(encoding="utf-8")
        links = set(re.findall(r"https?://[^\s\"'`)]+", text))
        assert links <= {"http://www.w3.org/2000/svg"}, path.name
        assert "innerHTML" not in text
        assert "eval(" not in text
    page = (ROOT / "sim/web/static/index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", page)


def test_a_cold_first_view_is_light(idle: TestClient) -> None:
    total = 0
    names = [path.name for path in (ROOT / "sim/web/static").iterdir()]
    for path in ["/", "/api/form", *(f"/static/{name}" for name in names)]:
        with idle.stream("GET", path, headers={"accept-encoding": "gzip"}) as response:
            assert response.status_code == 200
            total += sum(len(part) for part in response.iter_raw())
    assert total < 400_000


def test_a_server_for_everybody_answers_under_its_own_addresses() -> None:
    own = own_addresses()
    assert socket.gethostname() in own
    assert set(own) <= set(allowed_hosts("0.0.0.0", []))
    assert not set(own) & set(allowed_hosts("127.0.0.1", []))
    assert "evil.example" not in allowed_hosts("::", [])


def test_no_answer_loads_code_while_everybody_waits() -> None:
    """An import within a coroutine holds up all others; seconds, for what explains a week."""
    tree = ast.parse((ROOT / "sim/web/application.py").read_text(encoding="utf-8"))
    coroutines = [one for one in ast.walk(tree) if isinstance(one, ast.AsyncFunctionDef)]
    assert len(coroutines) > 20
    for one in coroutines:
        assert not any(isinstance(each, ast.Import | ast.ImportFrom) for each in ast.walk(one)), (
            one.name
        )


def test_pages_without_a_server_are_served_too_and_lead_back(idle: TestClient) -> None:
    for name in ("index.html", "watch.html"):
        answer = idle.get(f"/pages/{name}")
        assert answer.status_code == 200
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "sha256-" in answer.headers["content-security-policy"]
        assert 'href="../#plan"' in answer.text
    first = idle.get("/pages/index.html").text
    for stored, view in LIVE.items():
        assert f'href="{stored}"' not in first, "a program that can answer does"
        assert first.count(f'href="../#{view}"') == 2, "in the doors above and on the page"
    assert "page: not there" in refusal(idle.get("/pages/other.html"), 404)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "a b", "[::1"])
def test_other_names_for_this_machine_are_refused(idle: TestClient, host: str) -> None:
    refusal(idle.get("/api/health", headers={"host": host}), 400)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8765", "[::1]:9", "LOCALHOST:80"])
def test_our_own_names_are_answered(idle: TestClient, host: str) -> None:
    assert idle.get("/api/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://testserver:81"},
        {"origin": "null"},
        {"origin": "http://[bad"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_requests_of_other_sites_are_refused(idle: TestClient, headers: dict[str, str]) -> None:
    power = ("/api/power/formula", "/api/power/code")
    for path in ("/api/jobs", "/api/rosters", "/api/jobs/find", *power):
        response = idle.post(path, content=b"{}", headers={**JSON, **headers})
        assert "other sites" in refusal(response, 403)
    assert "other sites" in refusal(idle.get("/api/form", headers=headers), 403)


def test_requests_that_a_form_could_send_are_refused(idle: TestClient) -> None:
    plain = {"content-type": "application/x-www-form-urlencoded"}
    assert "x-refocus-session" in refusal(
        idle.post("/api/jobs", content=b"a=1", headers=plain), 403
    )
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = {**SESSION, "content-type": kind}
        refusal(idle.post("/api/jobs", content=job("plan", SMALL), headers=headers), 415)
        refusal(idle.post("/api/rosters", content=b"team\na\n", headers=headers), 415)


def test_our_own_page_may_ask(idle: TestClient) -> None:
    headers = {**JSON, "origin": "http://testserver", "sec-fetch-site": "same-origin"}
    response = idle.post("/api/jobs/find", content=job("plan", SMALL), headers=headers)
    assert response.json()["state"] == "unknown"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        b"\0",
        b'{"kind": "plan"}',
        b'{"kind": "plan", "settings": []}',
        b'{"kind": "plan", "settings": {}, "more": 1}',
        b'{"kind": 7, "settings": {}}',
        b'{"kind": "__class__", "settings": {}}',
        b'{"kind": "plan", "settings": {"weeks": NaN}}',
        b'{"kind": "plan", "settings": {"weeks": Infinity}}',
        b'{"kind": "plan", "settings": {"weeks": 1e999}}',
        b'{"kind": "plan", "settings": {"weeks": ' + b"9" * 400 + b"}}",
        b'{"kind": "plan", "settings": ' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"kind": "plan", "settings": {"a":' * 1_500,
    ],
)
def test_malformed_json_is_refused_in_one_line(idle: TestClient, content: bytes) -> None:
    for path in ("/api/jobs", "/api/jobs/find", "/api/power/formula"):
        refusal(idle.post(path, content=content, headers=JSON), 400)


def changed(**changes: Any) -> dict[str, Any]:
    return {**SMALL, **changes}


def with_scenario(**changes: Any) -> dict[str, Any]:
    return changed(scenarios=[{"preset": "usual-care", "label": "Usual care", **changes}])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (changed(weaks=3), "did you mean 'weeks'"),
        (changed(weeks=0), "from 1 to 1040"),
        (changed(weeks=True), "(weeks) = true"),
        (changed(weeks="52"), "whole number"),
        (changed(draws=10**6), "draws"),
        (changed(seed=-1), "seed"),
        (changed(values="guess"), "posterior"),
        (changed(scenarios=[]), "1 to 5"),
        (changed(scenarios=[SMALL["scenarios"][0]] * 9), "1 to 5"),
        (changed(scenarios=[SMALL["scenarios"][0]] * 2), "name of its own"),
        (changed(scenarios="usual-care"), "list"),
        (changed(parameters={"turnover_yearli": 0.1}), "turnover_yearly"),
        (changed(parameters={"turnover_yearly": 1e9}), "must be a number in"),
        (changed(parameters={"turnover_yearly": "0.1"}), "must be a number"),
        (changed(parameters={"turnover_yearly": None}), "must be a number"),
        (changed(teams={"kind": "own", "roster": "../../secret"}), "roster"),
        (changed(teams={"kind": "own", "roster": "0" * 32}), "upload it again"),
        (changed(teams={"kind": "described", "trusts": 1e9}), "trusts"),
        (changed(teams={"kind": "elsewhere"}), "trial, described, own"),
        (changed(teams=None), "JSON object"),
        (with_scenario(preset="../../pyproject"), "preset"),
        (with_scenario(preset="usual-car"), "usual-care"),
        (with_scenario(label="=cmd|' /C calc'!A0"), "begin with a letter"),
        (with_scenario(label="@SUM(A1)"), "begin with a letter"),
        (with_scenario(label="-2+3"), "begin with a letter"),
        (with_scenario(label="a\nb"), "printable"),
        (with_scenario(label="<script>alert(1)</script>"), "label"),
        (with_scenario(label="x" * 65), "64"),
        (with_scenario(changes={"who.teams": "everyone"}), "who.teams"),
        (with_scenario(changes={"assessment.weeks": [3]}), "assessment.weeks"),
        (with_scenario(changes={"parameters.turnover_yearly": 0.1}), "field"),
        (with_scenario(changes={"support.telephone.intensity": 2}), "[0, 1]"),
        (with_scenario(changes={"support.telephone.intensity": {"a": 1}}), "intensity"),
        (with_scenario(changes={"support.boosters.sessions": [{"week": 0, "days": 1}]}), "week"),
        (with_scenario(changes={"support.boosters.sessions": [{}] * 200}), "104"),
        (with_scenario(changes={"support.boosters.sessions": "x"}), "list"),
        (with_scenario(changes={"__class__": 1}), "field"),
    ],
)
def test_settings_that_break_a_rule_are_named(
    idle: TestClient, settings: dict[str, Any], says: str
) -> None:
    line = refusal(idle.post("/api/jobs", content=job("plan", settings), headers=JSON), 400)
    assert says in line


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("plan", changed(teams={"kind": "described", "trusts": 50, "teams_per_trust": 100},
                         draws=1000, weeks=1040), "times larger than this server allows"),
        ("watch", {"teams": {"kind": "described", "trusts": 50, "teams_per_trust": 100},
                   "team": "T001-001", "weeks": 156,
                   "scenario": {"preset": "usual-care"}}, "too many to be watched"),
        ("watch", {"team": "SLaM-99", "scenario": {"preset": "usual-care"}}, "SLaM-"),
        ("watch", {"team": "SLaM-01"}, "scenario"),
        ("power", {"clusters": 100, "size": 100, "trials": 500, "readiness": "share",
                   "weeks": 208}, "times larger"),
        ("plan", changed(teams={"kind": "described", "trusts": 50, "teams_per_trust": 100},
                         draws=2, weeks=1040), "teams x weeks"),
        ("power", {"clusters": 60, "size": 60, "trials": 50, "readiness": "share",
                   "weeks": 4}, "people assessed in a trial"),
        ("power", {"clusters": 1}, "from 3 to 100"),
        ("power", {"icc": -0.1}, "icc"),
        ("fit", {"trials": 9}, "trials"),
    ],
)  # fmt: skip
def test_what_is_too_large_or_wrong_is_named_before_it_is_run(
    idle: TestClient, kind: str, settings: dict[str, Any], says: str
) -> None:
    line = refusal(idle.post("/api/jobs", content=job(kind, settings), headers=JSON), 400)
    assert says in line


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["teams", "kind", "weeks", "scenarios", "preset", "label", "changes", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(settings=st.dictionaries(
    st.sampled_from(["teams", "weeks", "values", "draws", "seed", "parameters", "scenarios"]),
    JSON_VALUES, max_size=7))  # fmt: skip
def test_no_settings_make_the_server_fail(idle: TestClient, settings: dict[str, Any]) -> None:
    response = idle.post("/api/jobs/find", content=job("plan", settings), headers=JSON)
    assert response.status_code in (200, 400), response.text


def test_bodies_that_are_too_large_are_refused_stated_or_not(idle: TestClient) -> None:
    large = b" " * 70_000
    assert "at most 64000" in refusal(idle.post("/api/jobs", content=large, headers=JSON), 413)

    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    refusal(idle.post("/api/jobs", content=parts(), headers=JSON), 413)
    refusal(idle.post("/api/rosters", content=b"team\n" + b"a" * 30_000, headers=CSV), 413)
    refusal(idle.post("/api/jobs", content=b"{}", headers={**JSON, "content-length": "x"}), 400)


def test_a_body_that_never_ends_is_given_up() -> None:
    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def run() -> None:
        receive = limited(never, {}, "/api/jobs", replace(Limits(), body_seconds=0.05))
        with pytest.raises(Refused) as refused:
            await receive()
        assert refused.value.status == 408

    asyncio.run(run())


@pytest.mark.parametrize(
    "path",
    [
        "/static/../application.py",
        "/static/..%2fapplication.py",
        "/static/%2e%2e/application.py",
        "/static/..\\application.py",
        "/static//etc/passwd",
        "/static/",
        f"/api/results/{'0' * 32}/..%2f..%2frosters",
        f"/api/results/{'0' * 32}/result.json",
        "/api/results/..%2f/result.json",
        "/api/rosters/..%2f..%2fpyproject",
        "/api/jobs/..%2fx",
        "/application.py",
    ],
)
def test_no_path_leads_elsewhere(idle: TestClient, path: str) -> None:
    response = idle.get(path)
    assert response.status_code in (400, 404)
    assert b"import" not in response.content
    assert b"root:" not in response.content


def test_methods_that_are_not_there_are_refused(idle: TestClient) -> None:
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        response = idle.request(method, "/api/jobs", headers=JSON)
        assert response.status_code in (403, 405)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"team\n", "has a heading but no team"),
        (b"tem\nNorth\n", "unknown column"),
        (b"staff\n3\n", "'team' is missing"),
        (b"team\n\x8d\x81\n", "UTF-8"),
        (b"team\nA\0B\n", "UTF-8"),
        (b"team,staff\nNorth,many\n", "staff"),
        (b"team,staff\nNorth,1e999\n", "staff"),
        (b"team\nNorth\nNorth\n", "stands already in line 2"),
        (b'team\n"North\n', "line"),
        (b"PK\x03\x04" + b"\xf0" * 50, "UTF-8"),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'x'>]><a>&b;</a>", "roster"),
    ],
)
def test_uploads_that_are_no_list_of_teams_are_named(
    idle: TestClient, content: bytes, says: str
) -> None:
    line = refusal(idle.post("/api/rosters", content=content, headers=CSV), 400)
    assert says in line


def workbook(rows: str, before: str = "") -> bytes:
    """Return a workbook whose sheet is written by hand, as no spreadsheet would."""
    made, changed = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, old.read(one))
            if one == "xl/worksheets/sheet1.xml":
                main = old.read(one).decode().partition("<sheetData")[0].rpartition("?>")[2]
    sheet = f"{before}{main}<sheetData>{rows}</sheetData></worksheet>"
    with zipfile.ZipFile(changed, "a", zipfile.ZIP_DEFLATED) as new, warnings.catch_warnings():
        # The later of two parts of one name is read.
        warnings.simplefilter("ignore")
        new.writestr("xl/worksheets/sheet1.xml", sheet)
    return changed.getvalue()


def inline(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


HEAD = f'<row r="1">{inline("A1", "team")}</row>'
FETCHES = '<!DOCTYPE a [<!ENTITY b SYSTEM "hostname">]>'


def many_cells() -> bytes:
    made = io.BytesIO()
    pq.write_table(pa.table({"team": pa.nulls(100_001)}), made)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda: workbook(HEAD + f'<row r="2">{inline("A2", "&b;")}</row>', FETCHES), "workbook"),
        (lambda: workbook(HEAD + " " * 6_000_000), "MB unpacked"),
        (many_cells, "0.1 million cells"),
    ],
)
def test_workbooks_that_would_swell_or_look_elsewhere_do_neither(
    idle: TestClient, monkeypatch: pytest.MonkeyPatch, content: Callable[[], bytes], says: str
) -> None:
    monkeypatch.setattr(formats, "MOST_CELLS", 100_000)
    sent = content()
    assert len(sent) < 20_000
    assert says in refusal(idle.post("/api/rosters", content=sent, headers=CSV), 400)


def test_a_stray_cell_far_below_takes_no_time(idle: TestClient) -> None:
    """A row may call itself the 10^15th, and the reader counts up to it."""
    rows = HEAD + f'<row r="2">{inline("A2", "North")}</row><row r="{10**15}"><c r="B9"/></row>'
    answer = idle.post("/api/rosters", content=workbook(rows), headers=CSV)
    assert answer.json()["teams"] == ["North"]


def test_the_template_is_a_list_that_can_be_uploaded(idle: TestClient) -> None:
    template = idle.get("/api/rosters/template.csv").content
    response = idle.post("/api/rosters", content=template, headers=CSV)
    assert response.json()["teams"] == ["North 1", "South 1"]
    again = idle.get(f"/api/rosters/{response.json()['roster']}").json()
    assert again["teams"] == ["North 1", "South 1"]


@example(["\r0"])
@example(["\r"])
@example(["\x85%"])
@given(st.lists(st.text(max_size=12) | st.floats(allow_nan=False) | st.integers(), min_size=1))
def test_no_exported_cell_is_a_formula_and_none_is_lost(cells: list[Any]) -> None:
    text = csv_text(["a"], [cells])
    (row,) = list(csv.reader(io.StringIO(text, newline="")))[1:]
    for cell, written in zip(cells, row, strict=True):
        if isinstance(cell, str):
            if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", cell):
                assert not written.startswith(FORMULA_SIGNS)
                assert not written.lstrip().startswith(FORMULA_SIGNS)
            assert written.removeprefix("'") == cell.removeprefix("'")
        else:
            assert float(written) == float(cell)


def test_a_hostile_list_of_teams_harms_no_export(client: TestClient) -> None:
    teams = b'team,trust,type\n"=HYPERLINK(""http://evil.example"")",@a,+b\n-1,"<b>x</b>",|c\n'
    roster = client.post("/api/rosters", content=teams, headers=CSV).json()["roster"]
    settings = {**SMALL, "teams": {"kind": "own", "roster": roster}, "draws": 2}
    key = done(client, "plan", settings)
    folder = client.app.state.site.results.folder / key  # type: ignore[attr-defined]
    for path in folder.glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))):
            for cell in row:
                number = re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell)
                assert number or not cell.startswith(FORMULA_SIGNS), (path.name, cell)
    report = client.get(f"/api/results/{key}/report.html").text
    assert "<b>x</b>" not in report


def test_a_plan_is_run_found_again_and_given_back(client: TestClient) -> None:
    key = done(client, "plan", SMALL)
    headers = {**JSON, "x-refocus-session": "another0another0"}
    again = client.post("/api/jobs", content=job("plan", SMALL), headers=headers)
    assert (again.status_code, again.json()["key"], again.json()["state"]) == (200, key, "done")
    other = client.post("/api/jobs/find", content=job("plan", {**SMALL, "seed": 2}), headers=JSON)
    assert other.json()["state"] == "unknown"
    result = client.get(f"/api/results/{key}/result.json").json()
    assert result["covers_term"] == "replication noise and parameter uncertainty (posterior)"
    for one in result["figures"]:
        drawing = client.get(f"/api/results/{key}/{one['name']}.svg")
        assert drawing.headers["content-type"] == "image/svg+xml"
        assert "script" not in drawing.headers["content-security-policy"]
        assert drawing.text.count("<svg") == 1
        table = client.get(f"/api/results/{key}/{one['name']}.csv")
        assert "attachment" in table.headers["content-disposition"]
        rows = [row for row in csv.reader(io.StringIO(table.text)) if not row[0].startswith("#")]
        assert rows[0] == one["columns"]
        assert len(rows) == 1 + len(one["rows"])
    report = client.get(f"/api/results/{key}/report.html")
    assert "script-src" not in report.headers["content-security-policy"]
    assert "default-src 'none'" in report.headers["content-security-policy"]


def test_an_error_of_ours_says_nothing_of_the_machine(
    idle: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise RuntimeError(f"secret {ROOT}")

    monkeypatch.setattr("sim.web.application.read_json", broken)
    line = refusal(idle.post("/api/jobs", content=b"{}", headers=JSON), 500)
    assert "secret" not in line


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    if made.process.poll() is None:
        made.stop()
    assert "Traceback" not in "".join(made.told), "whatever was sent, or left off"


def session_of(served: Served, number: int) -> str:
    """Behave as one browser: load, run a plan, watch it, read the result."""
    headers = {**JSON, "x-refocus-session": f"{number:016d}"}
    settings = {**SMALL, "seed": number % 2, "draws": 2}
    with httpx.Client(
        base_url=served.address, headers=headers, timeout=60.0, verify=False
    ) as browser:
        for path in ("/", "/static/main.js", "/api/form"):
            assert browser.get(path).status_code == 200
        state = browser.post("/api/jobs", content=job("plan", settings)).json()
        while state["state"] in ("waiting", "running"):
            time.sleep(0.2)
            state = browser.get(f"/api/jobs/{state['key']}").json()
        assert state["state"] == "done", state
        assert browser.get(f"/api/results/{state['key']}/result.json").json()["lead"]
        return str(state["key"])


@pytest.mark.slow
def test_twenty_browsers_and_forty_slow_clients_at_once(served: Served) -> None:
    slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(40)]
    for number, one in enumerate(slow):
        one.sendall(b"POST /api/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\n")
        if number % 2:
            one.sendall(
                b"content-type: application/json\r\nx-refocus-session: slowslow1\r\n"
                b"content-length: 60000\r\n\r\n{"
            )
    with ThreadPoolExecutor(20) as pool:
        keys = list(pool.map(lambda number: session_of(served, number), range(20)))
    assert len(set(keys)) == 2, "equal settings share a job"
    begun = time.monotonic()
    assert httpx.get(f"{served.address}/api/health", verify=False).json() == {"ready": True}
    assert time.monotonic() - begun < 1.0
    for one in slow:
        one.close()


def test_a_client_that_goes_away_in_mid_run_loses_nothing(served: Served) -> None:
    settings = {**SMALL, "seed": 77, "draws": 20}
    key = httpx.post(f"{served.address}/api/jobs", content=job("plan", settings), headers=JSON)
    name = key.json()["key"]
    end = time.monotonic() + 120.0
    # Generous, so that a busy machine is no failure.
    with httpx.Client(base_url=served.address, timeout=60.0) as browser:
        while browser.get(f"/api/jobs/{name}").json()["state"] != "done":
            assert time.monotonic() < end
            time.sleep(0.2)
        assert browser.get(f"/api/results/{name}/result.json").status_code == 200


def test_serving_stops_at_once_even_in_mid_run(tmp_path: Path) -> None:
    served = Served(tmp_path)
    settings = {**SMALL, "draws": 1000, "weeks": 104, "teams": {"kind": "trial"}}
    settings["scenarios"] = settings["scenarios"][:1]
    response = httpx.post(f"{served.address}/api/jobs", content=job("plan", settings), headers=JSON)
    assert response.status_code == 202, response.text
    time.sleep(1.0)
    begun = time.monotonic()
    served.stop()
    assert time.monotonic() - begun < 10.0
    assert threading.active_count() < 50
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{served.address}/api/health", verify=False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "99999"], "port = 99999"),
        (["--port", "x"], "whole number"),
        (["--host", "203.0.113.7", "--port", "0"], "cannot listen there"),
        (["--jobs", "0"], "jobs = 0"),
    ],
)
def test_mistakes_at_the_command_line_are_named(arguments: list[str], says: str) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "sim.cli", "serve", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert finished.returncode == 2
    assert says in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        finished = subprocess.run(
            [sys.executable, "-m", "sim.cli", "serve", "--port", port],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert finished.returncode == 2
    assert "cannot listen there" in finished.stderr
