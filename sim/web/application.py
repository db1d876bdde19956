"""The application: routes of the page and of what it asks for."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sim.errors import InputError
from sim.inputs.roster.roster_file import roster_template
from sim.inputs.roster.team import Roster
from sim.web.checked import choice, only, read_json, table
from sim.web.fingerprint import key_of
from sim.web.job_types import JOB_TYPES
from sim.web.jobs import Job, JobManager, QueueFull
from sim.web.limits import Limits
from sim.web.plan_report import KEPT, REPORT, TASK
from sim.web.results_store import KEY, MEDIA_TYPES, ResultsStore
from sim.web.rosters import RosterStore
from sim.web.security import DRAWING_POLICY, REPORT_POLICY, SESSION_HEADER, Guard, Refused
from sim.web.typography import typeset

if TYPE_CHECKING:
    from sim.pages.page import Page

LONGEST_WAIT = 20
"""Seconds that a page in the background may wait for an answer."""
LOOKS_A_SECOND = 4
STATIC = Path(__file__).parent / "static"
WARM_UP = "sim.web.plan_task:warm_up"
POLICIES = {".svg": DRAWING_POLICY, ".html": REPORT_POLICY}
LIVE = {"answers.html": "decide", "power.html": "power", "learn.html": "about"}
"""Views that answer where the first page without a server leads to what is stored."""
STORED_ANSWER = "stored-answer.html"
DOORS = re.compile(r"<ul>.*?</ul>\s*</nav>", re.DOTALL)
DOWNLOADED = (".csv", ".toml", ".xlsx", ".docx")


class Site:
    """What the routes share: where things are kept, and who does the work.

    Parameters
    ----------
    folder : Path
        Where uploads and results are kept.
    limits : Limits
        Sizes and times.
    workers : int
        Worker processes.
    warm_up : str
        Function that worker processes begin with.
    """

    def __init__(
        self, folder: Path, limits: Limits, workers: int = 1, warm_up: str = WARM_UP
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.limits = limits
        self.rosters = RosterStore(folder / "rosters", limits.kept_rosters)
        self.results = ResultsStore(folder / "results", limits.kept_results, limits.kept_bytes)
        self.jobs = JobManager(self.results, limits, workers, warm_up)
        # A class asks for the same week at once: it is worked out by the first and read by the
        # others, who wait without keeping a thread from anybody.
        self.explaining = asyncio.Semaphore()

    def prepared(self, content: bytes) -> tuple[str, str, str, dict[str, Any]]:
        """Return key, kind, task and settings of a job from a request's body.

        Raises
        ------
        InputError
            For settings that break a rule.
        """
        given = read_json(content)
        only("job", given, ("kind", "settings"))
        kind = choice("kind", given.get("kind"), JOB_TYPES)
        ready = JOB_TYPES[kind](table("settings", given.get("settings")), self.rosters, self.limits)
        return key_of(kind, ready.settings), kind, ready.task, ready.settings


def refused(request: Request, error: Exception) -> Response:
    """Answer a mistake in one line."""
    if isinstance(error, Refused):
        return JSONResponse({"error": str(error)}, error.status)
    if isinstance(error, QueueFull):
        return JSONResponse({"error": str(error)}, 503, headers={"retry-after": "30"})
    return JSONResponse({"error": str(error)}, 400)


def unexpected(request: Request, error: Exception) -> Response:
    """Answer an error of ours without saying anything of the machine."""
    line = "unexpected error of the server; please report what you did"
    return JSONResponse({"error": line}, 500)


def gone(request: Request, problem: Exception) -> Response:
    """Say nothing where nobody listens: a browser that left in the midst of what it sent."""
    return Response(status_code=400)


def missing(request: Request, error: Exception) -> Response:
    """Answer what is not there, and methods that are not."""
    status = getattr(error, "status_code", 404)
    return JSONResponse({"error": "not there" if status == 404 else "not allowed here"}, status)


def site_of(request: Request) -> Site:
    """Return the site that a request belongs to."""
    site: Site = request.app.state.site
    return site


def session_of(request: Request) -> str:
    """Return the browser's mark; empty where a reading request has none."""
    return request.headers.get(SESSION_HEADER, "")[:64]


def needs(request: Request, media_type: str) -> None:
    """Refuse a body of another type; a form of another site could not send these."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != media_type:
        raise Refused(415, f"content-type: must be {media_type}")


@lru_cache(maxsize=1)
def form_text() -> str:
    """Return everything that the page's forms are made from, as JSON."""
    from sim.report.run_report import USUAL
    from sim.web.decide_settings import decide_form
    from sim.web.design_settings import SHAPES, period_form
    from sim.web.plan_settings import MOST_DRAWS, MOST_SCENARIOS
    from sim.web.power_settings import ANALYSES, READINESS, power_form
    from sim.web.presets import form, presets
    from sim.web.teams import described_form

    return json.dumps(
        {
            "usual": USUAL,
            "decide": decide_form(),
            "most_scenarios": MOST_SCENARIOS,
            "most_draws": MOST_DRAWS,
            "presets": presets(),
            "groups": form(),
            "described": described_form(),
            "power": power_form(),
            "shapes": list(SHAPES),
            "period_power": period_form(),
            "readiness": list(READINESS),
            "analyses": list(ANALYSES),
        },
        allow_nan=False,
    )


@lru_cache(maxsize=1)
def parameters_text() -> str:
    """Return the controls of the parameter registry, as JSON."""
    from sim.web.parameter_form import parameter_form

    return json.dumps(parameter_form(), allow_nan=False)


@lru_cache(maxsize=1)
def about_text() -> str:
    """Return what the page says about the model, as JSON."""
    from sim.runs.results import package_versions
    from sim.web.about import about

    return json.dumps(about(package_versions()["refocus-simulation"]), allow_nan=False)


def constant(text: Callable[[], str]) -> Callable[[Request], Any]:
    """Return a route that answers with JSON that never changes while the server runs."""

    async def answer(request: Request) -> Response:
        content = await run_in_threadpool(text)
        tag = f'"{hashlib.blake2b(content.encode(), digest_size=12).hexdigest()}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type="application/json", headers=headers)

    return answer


async def page(request: Request) -> Response:
    """Answer with the page."""
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})


def tokens_text() -> str:
    """Return the colours, which the pages that need no server have too."""
    from sim.pages.page import part

    return part("tokens.css")


async def tokens(request: Request) -> Response:
    """Answer with the colours."""
    headers = {"cache-control": "no-cache"}
    text = await run_in_threadpool(tokens_text)
    return Response(text, media_type="text/css", headers=headers)


@lru_cache(maxsize=1)
def doors() -> str:
    """Return the page's links to its views, as they stand in one of the pages beside it."""
    found = DOORS.search((STATIC / "index.html").read_text(encoding="utf-8"))
    assert found
    return found[0].replace('href="#', 'href="../#').replace('href="pages/', 'href="')


def found_page(name: str) -> Page | None:
    """Return a page that needs no server, to be shown by itself or within another."""
    from sim.pages import write

    return write.stored_answer() if name == STORED_ANSWER else write.pages().get(name)


async def stored_page(request: Request) -> Response:
    """Answer with one of the pages that need no server; here they lead back to the program."""
    found = await run_in_threadpool(found_page, request.path_params["name"])
    if found is None:
        raise Refused(404, "page: not there; the first is at /")
    name = request.path_params["name"]
    here = doors().replace(f'href="{name}"', f'href="{name}" aria-current="page"')
    text = DOORS.sub(lambda _: here, found.text, count=1)
    for stored, view in LIVE.items() if name == "index.html" else ():
        text = text.replace(f'href="{stored}"', f'href="../#{view}"')
    return HTMLResponse(
        text,
        headers={
            "content-security-policy": f"{found.policy}; frame-ancestors 'none'",
            "cache-control": "no-cache",
        },
    )


async def stored_answer(request: Request) -> Response:
    """Answer with the stored answer that the page shows until a question is asked."""
    found = await run_in_threadpool(found_page, STORED_ANSWER)
    assert found
    headers = {
        "content-security-policy": f"{found.policy}; frame-ancestors 'self'",
        "x-frame-options": "SAMEORIGIN",
        "cache-control": "no-cache",
    }
    return HTMLResponse(found.text, headers=headers)


async def health(request: Request) -> Response:
    """Say that the server is there, and whether a worker is ready."""
    return JSONResponse({"ready": site_of(request).jobs.ready})


async def template(request: Request) -> Response:
    """Answer with a list of teams to start from."""
    return PlainTextResponse(
        roster_template(),
        media_type="text/csv",
        headers={"content-disposition": 'attachment; filename="teams.csv"'},
    )


def roster_facts(name: str, roster: Roster) -> dict[str, Any]:
    """Return what the page shows of a list of teams."""
    return {
        "roster": name,
        "teams": [row.team for row in roster.rows],
        "staff": sum(row.staff for row in roster.rows),
        "sampled": sum(row.sampled for row in roster.rows),
        "intervention": sum(row.arm == "intervention" for row in roster.rows),
        "notes": list(roster.notes),
    }


async def upload(request: Request) -> Response:
    """Read an uploaded list of teams."""
    needs(request, "text/csv")
    content = await request.body()
    site = site_of(request)
    name, roster = await run_in_threadpool(site.rosters.keep, content, "your file")
    return JSONResponse(roster_facts(name, roster))


async def roster_again(request: Request) -> Response:
    """Say whether an uploaded list of teams is still kept."""
    name = request.path_params["name"]
    roster = await run_in_threadpool(site_of(request).rosters.read, name)
    return JSONResponse(roster_facts(name, roster))


def described_teams(site: Site, content: bytes) -> list[list[Any]]:
    """Return the teams that settings describe."""
    from sim.streams import MAXIMUM_SEED
    from sim.web.checked import whole
    from sim.web.teams import checked_teams, roster_of

    given = read_json(content)
    only("settings", given, ("teams", "seed"))
    seed = whole("seed", given.get("seed", 1), 0, MAXIMUM_SEED)
    roster = roster_of(checked_teams(given.get("teams")), seed, site.rosters.read)
    return [[row.team, row.type, row.arm, row.staff, row.sampled] for row in roster.rows[:500]]


async def teams(request: Request) -> Response:
    """Answer with the names of the teams that settings describe."""
    needs(request, "application/json")
    content = await request.body()
    rows = await run_in_threadpool(described_teams, site_of(request), content)
    return JSONResponse({"teams": rows})


def answer_job(request: Request, job: Job, status: int = 200) -> Response:
    """Say how a job is."""
    site = site_of(request)
    return JSONResponse(site.jobs.described(job, session_of(request)), status)


async def submit(request: Request) -> Response:
    """Take a job, or find the one that does the same."""
    needs(request, "application/json")
    site = site_of(request)
    content = await request.body()
    key, kind, task, settings = await run_in_threadpool(site.prepared, content)
    job = site.jobs.submit(key, kind, task, settings, session_of(request))
    answer = answer_job(request, job, 200 if job.over else 202)
    if kind == "watch":
        # Why its people change is asked next.
        answer.background = BackgroundTask(load_explanations)
    return answer


def load_explanations() -> None:
    """Load what tells a week: seconds, in which whoever wants to know waits for the team."""
    from sim.web.watch_steps import load

    load()


async def find(request: Request) -> Response:
    """Find the job with given settings, without starting it."""
    needs(request, "application/json")
    site = site_of(request)
    key, *_ = await run_in_threadpool(site.prepared, await request.body())
    job = site.jobs.find(key, session_of(request))
    if job is None:
        return JSONResponse({"key": key, "state": "unknown"})
    return answer_job(request, job)


def keyed(request: Request) -> str:
    """Return the key in a request's path."""
    key = str(request.path_params["key"])
    if not KEY.fullmatch(key):
        raise Refused(404, "not there")
    return key


async def status(request: Request) -> Response:
    """Say how a job is: at once, or with ``?wait`` when it is over or that many seconds are."""
    text = request.query_params.get("wait", "0")
    wait = min(int(text) if text.isascii() and text.isdigit() else 0, LONGEST_WAIT)
    jobs, key = site_of(request).jobs, keyed(request)
    job = jobs.find(key, session_of(request))
    for _ in range(wait * LOOKS_A_SECOND):
        if job is None or job.over or await request.is_disconnected():
            break
        await asyncio.sleep(1.0 / LOOKS_A_SECOND)
        # Asked for all the while: somebody waits for it.
        job = jobs.find(key, session_of(request))
    if job is None:
        raise Refused(404, "job: not known here; run it again")
    return answer_job(request, job)


async def cancel(request: Request) -> Response:
    """Stop waiting for a job."""
    job = site_of(request).jobs.cancel(keyed(request), session_of(request))
    if job is None:
        raise Refused(404, "job: not known here")
    return answer_job(request, job)


async def result_file(request: Request) -> Response:
    """Answer with a file of a result."""
    name = request.path_params["name"]
    path = site_of(request).results.path(keyed(request), name)
    if path is None and name == REPORT:
        path = await report_of(request, keyed(request))
    if path is None:
        raise Refused(404, "result: not there; run it again")
    headers = {"cache-control": "private, max-age=3600"}
    if path.suffix in POLICIES:
        headers["content-security-policy"] = POLICIES[path.suffix]
    if path.suffix == ".html":
        headers["x-frame-options"] = "SAMEORIGIN"
    if path.suffix in DOWNLOADED:
        headers["content-disposition"] = f'attachment; filename="{name}"'
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=headers)


async def report_of(request: Request, key: str) -> Path | None:
    """Return the report of a plan, which is written when it is first asked for."""
    site = site_of(request)
    kept = site.results.folder / key / KEPT
    if not kept.is_file():
        return None
    own, by = key_of("report", {"of": key}), f"report-{key}"
    job = site.jobs.submit(own, "report", TASK, {"of": str(kept)}, by)
    while not job.over and not await request.is_disconnected():
        await asyncio.sleep(1.0 / LOOKS_A_SECOND)
        # Asked for all the while: somebody waits for it.
        site.jobs.find(own, by)
    if job.error:
        raise Refused(503, job.error)
    return site.results.path(own, REPORT)


def formula_of(content: bytes) -> Any:
    """Return the answer to the designer's question by formula."""
    from sim.web.design_answer import period_answer
    from sim.web.power_formula import formula_answer
    from sim.web.power_settings import power_settings

    settings = power_settings(read_json(content))
    return typeset((period_answer if "design" in settings else formula_answer)(settings))


async def formula(request: Request) -> Response:
    """Answer the designer's question by formula."""
    needs(request, "application/json")
    return JSONResponse(await run_in_threadpool(formula_of, await request.body()))


def code_of(content: bytes) -> Any:
    """Return the planned analysis as R and Stata code."""
    from sim.trials.power.planned_code import planned_code
    from sim.web.power_settings import file_of, power_settings

    return planned_code(file_of(power_settings(read_json(content))))


async def code(request: Request) -> Response:
    """Answer with the planned analysis as R and Stata code."""
    needs(request, "application/json")
    return JSONResponse(await run_in_threadpool(code_of, await request.body()))


def why_of(site: Site, content: bytes) -> str:
    """Return which rules a team's people followed in a week, and what each of them changed."""
    from sim.web.checked import whole
    from sim.web.job_types import checked_team
    from sim.web.watch_steps import week_text

    given = read_json(content)
    only("request", given, ("settings", "week"))
    watch, text = checked_team(table("settings", given.get("settings")), site.rosters, site.limits)
    week = whole("week", given.get("week"), 1, watch["weeks"])
    return week_text(watch, text, week, site.limits)


async def why(request: Request) -> Response:
    """Answer which rules a team's people followed in a week, and what each of them changed."""
    needs(request, "application/json")
    site, body = site_of(request), await request.body()
    async with site.explaining:
        content = await run_in_threadpool(why_of, site, body)
    return Response(content, media_type="application/json")


def curve_of(content: bytes) -> Any:
    """Return the power curve as SVG."""
    from sim.web.power_formula import curve_figure
    from sim.web.power_settings import parallel_settings

    return curve_figure(parallel_settings(read_json(content)))


async def curve(request: Request) -> Response:
    """Answer with the power curve as SVG."""
    text = request.query_params.get("settings", "{}")
    given = text.encode()[: site_of(request).limits.settings_bytes]
    content = await run_in_threadpool(curve_of, given)
    headers = {"content-security-policy": DRAWING_POLICY}
    return Response(content, media_type="image/svg+xml", headers=headers)


class Assets(StaticFiles):
    """The page's scripts and styles; browsers ask each time whether they have changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Return a file that is asked for again at every visit."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response


def routes() -> list[Any]:
    """Return the routes; fixed names stand before names that vary."""
    return [
        Route("/", page),
        Route(f"/pages/{STORED_ANSWER}", stored_answer),
        Route("/pages/{name}", stored_page),
        Route("/api/health", health),
        Route("/api/form", constant(form_text)),
        Route("/api/parameters", constant(parameters_text)),
        Route("/api/about", constant(about_text)),
        Route("/api/teams", teams, methods=["POST"]),
        Route("/api/rosters", upload, methods=["POST"]),
        Route("/api/rosters/template.csv", template),
        Route("/api/rosters/{name}", roster_again),
        Route("/api/jobs", submit, methods=["POST"]),
        Route("/api/jobs/find", find, methods=["POST"]),
        Route("/api/jobs/{key}", status),
        Route("/api/jobs/{key}/cancel", cancel, methods=["POST"]),
        Route("/api/results/{key}/{name}", result_file),
        Route("/api/watch/why", why, methods=["POST"]),
        Route("/api/power/formula", formula, methods=["POST"]),
        Route("/api/power/code", code, methods=["POST"]),
        Route("/api/power/curve.svg", curve),
        Route("/static/tokens.css", tokens),
        Mount("/static", Assets(directory=STATIC)),
    ]


def application(site: Site, hosts: Iterable[str]) -> Starlette:
    """Return the application.

    Parameters
    ----------
    site : Site
        Where things are kept, and who does the work.
    hosts : iterable of str
        Names under which the server answers.
    """

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        site.jobs.start()
        # The first visitor need not wait for what takes a second to put together.
        await run_in_threadpool(form_text)
        try:
            yield
        finally:
            await run_in_threadpool(site.jobs.stop)

    app = Starlette(
        routes=routes(),
        lifespan=life,
        middleware=[
            Middleware(Guard, hosts=tuple(hosts), limits=site.limits),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={
            InputError: refused,
            Refused: refused,
            QueueFull: refused,
            ClientDisconnect: gone,
            404: missing,
            405: missing,
            Exception: unexpected,
        },
    )
    app.state.site = site
    return app
