"""How much one visitor can ask of the server: every limit in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of the server.

    Attributes
    ----------
    settings_bytes : int
        Largest body with settings (JSON).
    roster_bytes : int
        Largest uploaded list of teams (CSV).
    body_seconds : float
        Longest time that a body may take to arrive.
    waiting_jobs : int
        Jobs that may wait in all.
    waiting_jobs_each : int
        Jobs that one browser may have waiting or running.
    job_seconds : float
        Longest time that a job may run.
    grace_seconds : float
        Time that a cancelled job has to stop by itself before its process is ended.
    person_weeks : int
        Largest simulation: people times weeks times worlds.
    rows : int
        Largest simulation: worlds times weeks.
    team_weeks : int
        Largest world: teams times weeks.
    assessed : int
        Most people assessed in one simulated trial, those of screened teams included.
    watched_people : int
        Most people in a team that is watched.
    watched_person_weeks : int
        Largest service whose teams can be watched.
    explained_staff : int
        Most staff of a trust in which the rules that a team's people followed are shown.
    kept_results : int
        Results that are kept; the oldest go first.
    kept_bytes : int
        Room for all kept results.
    kept_rosters : int
        Uploaded lists of teams that are kept; the oldest go first.
    connections : int
        Connections at once.
    """

    settings_bytes: int = 64_000
    roster_bytes: int = 1_000_000
    body_seconds: float = 10.0
    waiting_jobs: int = 32
    waiting_jobs_each: int = 4
    job_seconds: float = 300.0
    grace_seconds: float = 3.0
    person_weeks: int = 1_000_000_000
    rows: int = 300_000
    team_weeks: int = 500_000
    assessed: int = 6_000
    watched_people: int = 150
    watched_person_weeks: int = 400_000
    explained_staff: int = 3_000
    kept_results: int = 200
    kept_bytes: int = 500_000_000
    kept_rosters: int = 50
    connections: int = 400
