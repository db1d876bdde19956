"""How much one visitor can ask of the server: every limit in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of the server."""

    settings_bytes: int = 64_000  # Bytes of the largest body with settings (JSON)
    roster_bytes: int = 1_000_000  # Bytes of the largest uploaded list of teams
    body_seconds: float = 10.0  # Seconds that a body may take to arrive
    waiting_jobs: int = 32  # Jobs that may wait in all
    waiting_jobs_each: int = 4  # Jobs that one browser may have waiting or running
    job_seconds: float = 300.0  # Seconds that a job may run
    # Seconds that a cancelled job has to stop by itself before its process is ended.
    grace_seconds: float = 3.0
    person_weeks: int = 1_000_000_000  # Largest simulation: people times weeks times worlds
    rows: int = 300_000  # Largest simulation: worlds times weeks
    team_weeks: int = 500_000  # Largest world: teams times weeks
    # Most people assessed in one simulated trial, those of screened teams included.
    assessed: int = 6_000
    # Rows of all simulated trials over periods together; those of a cohort count four times.
    analysed_rows: int = 4_000_000
    watched_people: int = 150  # Most people in a team that is watched
    watched_person_weeks: int = 400_000  # Largest service whose teams can be watched
    # Most staff of a trust in which the rules that a team's people followed are shown.
    explained_staff: int = 3_000
    kept_results: int = 200  # Results that are kept; the oldest go first
    kept_bytes: int = 500_000_000  # Bytes of all kept results together
    kept_rosters: int = 50  # Uploaded lists of teams that are kept; the oldest go first
    connections: int = 400  # Connections at once
