"""What the state of each kind of agent consists of: every variable's one home.

Variables and elements that a link owns are gathered from its file (`sim.link`).

A Mesa agent carries these variables as attributes; the ensemble carries the same ones as fields of
a record. `docs/ODD.md` lists them from here. Whole numbers are counts, places and switches (0/1);
real numbers are shares in [0, 1] unless their unit says otherwise.
"""

from __future__ import annotations

from sim.link import Kind, Variable, elements, own_variables
from sim.link import real as _real
from sim.link import whole as _whole

PRACTICES = ("coaching", "values", "strengths", "goals")
PROCESSES = ("connectedness", "hope", "identity", "meaning", "empowerment")


TRUST = (
    _whole("key_low", "random-number key, low word", "word"),
    _whole("key_high", "random-number key, high word", "word"),
    _real("readiness_usual", "organisational readiness before the programme"),
    _real("readiness", "organisational readiness: commitment shown by resources and targets"),
    _real("priorities", "business and health-system priorities that compete with recovery"),
    *own_variables("trust"),
)

TEAM = (
    _whole("key_low", "random-number key, low word", "word"),
    _whole("key_high", "random-number key, high word", "word"),
    _whole("trust", "index of the trust", "index"),
    _whole("team_type", "number of the team type", "index"),
    _whole("programme", "row of the scenario's calendar that the team follows", "index"),
    _whole("start_week", "week in which the team's programme starts; -1 for never", "week"),
    _real("caseload_total", "service users on the team's books, sampled or not", "users"),
    _whole("coordinator_posts", "posts that carry a caseload"),
    _whole("first_coordinator", "place of the first of these posts", "place"),
    _real("turnover_multiplier", "the team's own turnover relative to the model's", "ratio"),
    _real("readiness_usual", "team readiness before the programme"),
    _real("readiness", "team readiness: shared will and ability to change"),
    _real("leader_support_usual", "leader support before the programme"),
    _real("leader_support", "how far the leader backs recovery-oriented work"),
    _real("participation_propensity", "tendency to take part in what is offered", "SD"),
    _real("casemix", "shared deviation of the team's users in personal recovery", "SD"),
    _real("climate", "shared deviation of the team's relationships with users", "SD"),
    _real("norms", "pro-recovery norms, as shift from the team's usual", "-1 to 1"),
    _whole("reflects", "whether the team met to reflect before the programme", "0/1"),
    _real("values_shift", "mean shift in staff values from their usual", "-1 to 1"),
    _real("behaviour_shift", "mean shift in staff behaviour from their usual", "-1 to 1"),
    _real("behaviour_mean", "mean behaviour over the four working practices"),
    _real("leader_values_shift", "shift of the leader's values from usual", "-1 to 1"),
    _whole("staff_present", "posts filled"),
    _whole("coordinators_present", "caseload-carrying posts filled"),
    _real("workload", "caseload pressure, 1 is the norm", "ratio"),
    _whole("session_held", "whether this week's training session went ahead", "0/1"),
    _real("partnership", "what the partnership project has built between staff and users"),
    _whole("sessions_offered", "staff-sessions of training offered so far"),
    _whole("sessions_attended", "staff-sessions of training attended so far"),
    _real("engagement_sum", "engagement of attenders that the trainers saw, summed", "0-1 x n"),
    _whole("leaver_known", "whether a former member's record is kept for a move", "0/1"),
    _real("leaver_values_shift", "the last leaver's shift in values", "-1 to 1"),
    _real("leaver_knowledge", "the last leaver's knowledge"),
    _real("leaver_skill_coaching", "the last leaver's skill in coaching"),
    _real("leaver_skill_values", "the last leaver's skill in values and preferences"),
    _real("leaver_skill_strengths", "the last leaver's skill in strengths assessment"),
    _real("leaver_skill_goals", "the last leaver's skill in goal-striving"),
    _whole("leaver_sessions", "training sessions the last leaver had attended"),
    *own_variables("team"),
)

STAFF = (
    _whole("place", "place (post) in the team, permanent", "index"),
    _whole("generation", "which person in this place, 0 for the first", "index"),
    _whole("leader", "whether the post is the team leader's", "0/1"),
    _whole("coordinator", "whether the post carries a caseload", "0/1"),
    _whole("present", "1 while the post is filled, 0 while vacant", "0/1"),
    _whole("sick", "whether absent this week", "0/1"),
    _whole("weeks_in_post", "weeks since the person came", "weeks"),
    _whole("moved", "whether the person came from another team of the trust", "0/1"),
    _whole("lived_experience", "own experience of mental health problems", "0/1"),
    _whole("family_experience", "has supported a family member or friend", "0/1"),
    _whole("disclosed", "has told colleagues of own experience (0 no, 1 partly, 2 fully)", "0-2"),
    _real("priorities", "pull of risk, medication and other tasks on this person"),
    _real("readiness_usual", "practitioner readiness before the programme"),
    _real("readiness", "practitioner readiness"),
    _real("interpersonal", "honesty, caring and openness that users meet"),
    _real("values_usual", "pro-recovery values on arrival"),
    _real("values", "pro-recovery values"),
    _real("values_pending", "values after this week's influence, before they are committed"),
    _real("knowledge_usual", "knowledge of recovery on arrival"),
    _real("knowledge", "knowledge of recovery"),
    *(_real(f"skill_usual_{one}", f"skill in {one} before training") for one in PRACTICES),
    *(_real(f"skill_{one}", f"skill in {one}") for one in PRACTICES),
    *(_real(f"intent_usual_{one}", f"usual intent to use {one}") for one in PRACTICES),
    *(_real(f"intent_{one}", f"intent to use {one}") for one in PRACTICES),
    *(_real(f"habit_{one}", f"habit of using {one}") for one in PRACTICES),
    *(_real(f"behaviour_usual_{one}", f"use of {one} on arrival") for one in PRACTICES),
    *(_real(f"behaviour_{one}", f"use of {one} with service users") for one in PRACTICES),
    _real("reinforcement", "coaching, booster, telephone or reflection still felt"),
    _whole("sessions_offered", "training sessions offered to this person"),
    _whole("sessions_attended", "training sessions attended"),
    _whole("attended", "whether a session was attended this week", "0/1"),
    _whole("tie_0", "first place in the team whose advice is sought; -1 for none", "place"),
    _whole("tie_1", "second such place", "place"),
    _whole("tie_2", "third such place", "place"),
    _whole("cross_team", "team of an advice tie outside the team; -1 for none", "index"),
    _whole("cross_place", "place of that tie in the other team", "place"),
    *own_variables("staff"),
)

SERVICE_USER = (
    _whole("place", "place on the team's list, permanent", "index"),
    _whole("generation", "which person in this place, 0 for the first", "index"),
    _whole("arrival_week", "week in which the person came; 0 for the start", "week"),
    _whole("sampled", "whether drawn for the research sample", "0/1"),
    _whole("in_service", "1 until discharged or referred on", "0/1"),
    _whole("in_research", "1 until lost to research follow-up", "0/1"),
    _whole("black", "black African, Caribbean, British or other black background", "0/1"),
    _whole("worker", "place of the key worker in the team; -1 for none", "place"),
    _whole("worker_generation", "generation of that key worker", "index"),
    _whole("worker_changes", "changes of key worker so far"),
    _whole("contacts", "contacts this week"),
    _real("contact_rate", "contacts a week that this person usually has", "per week"),
    _real("rapport", "fit between this user and this key worker", "SD"),
    _real("disposition", "how far this person tends to experience relationships as good", "SD"),
    _real("support_disposition", "how far this person tends to feel supported", "SD"),
    *(_real(f"experience_{one}", f"recent experience of {one} in contacts") for one in PRACTICES),
    _real("support", "experienced support for recovery"),
    _real("relationship", "quality of the relationship with the key worker"),
    _real(
        "experience_shift",
        "practice met beyond the workers' usual, as recent experience",
        "-1 to 1",
    ),
    _real("relationship_shift", "part of the relationship that is due to it", "-1 to 1"),
    _real("support_shift", "part of experienced support that is due to it", "-1 to 1"),
    _real("expectations", "what the person expects of services and of recovery"),
    _real("identity_threat", "societal threats to identity"),
    _whole("stage", "stage of recovery, 1 to 5", "1-5"),
    *(_real(f"setpoint_{one}", f"level to which {one} returns", "SD") for one in PROCESSES),
    *(
        _real(f"gain_{one}", f"response of {one} to what the person experiences", "SD")
        for one in PROCESSES
    ),
    *(_real(one, f"recovery process: {one}", "SD") for one in PROCESSES),
    *(_real(f"baseline_{one}", f"{one} when the simulation began", "SD") for one in PROCESSES),
    _real("symptoms_usual", "level to which symptoms return", "SD"),
    _real("symptoms", "symptoms", "SD"),
    _real("functioning_usual", "level to which functioning returns", "SD"),
    _real("functioning", "social functioning", "SD"),
    _real("needs_usual", "level to which unmet needs return", "SD"),
    _real("needs", "unmet needs", "SD"),
    _real("quality_of_life_usual", "level to which quality of life returns", "SD"),
    _real("quality_of_life", "quality of life and wellbeing", "SD"),
    _whole("has_goal", "whether a personal goal has been named", "0/1"),
    _real("goal_progress", "progress towards the goal; 1 is reached"),
    _whole("goals_reached", "goals reached so far"),
    *own_variables("service_user"),
)

ACTION = (
    _real("prt_session", "share of the personal recovery curriculum taught this week"),
    _real("coaching_session", "share of the coaching curriculum taught this week"),
    _real("session_days", "length of this week's training", "days"),
    _real("booster", "share of the curriculum refreshed in a booster this week"),
    _real("stepped_threshold", "extra support only where uptake is below this share"),
    _real("stepped_support", "intensity of that extra support"),
    *(
        _real(one.field, one.meaning, "0-1" if one.unit == "share" else one.unit)
        for one in elements()
    ),
)
"""What a scenario can do in a week: sessions and stepped support, and the elements of links."""

KINDS: dict[Kind, tuple[Variable, ...]] = {
    "trust": TRUST,
    "team": TEAM,
    "staff": STAFF,
    "service_user": SERVICE_USER,
}


def record_fields(variables: tuple[Variable, ...]) -> list[tuple[str, str]]:
    """Return ``(name, NumPy type)`` pairs: 64-bit floats for real, 64-bit integers for whole."""
    return [(one.name, "f8" if one.kind == "real" else "i8") for one in variables]
