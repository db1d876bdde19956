"""The Mesa model in Mesa's own viewer, for those who teach Mesa: ``solara run sim/mesa_view.py``.

Needs the extra ``mesa-view``, which brings what the viewer would else load from the internet. The
page for everybody else is `refocus serve`; this one shows the model as Mesa's own tools see it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import matplotlib
import solara
from matplotlib.figure import Figure
from mesa.visualization import SolaraViz, make_plot_component
from mesa.visualization.utils import update_counter

from sim import population
from sim.engines.mesa_model import RecoveryModel
from sim.inputs.roster import trial_roster
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario, scenario_names

matplotlib.use("Agg")


@lru_cache(maxsize=8)
def layout_of(scenario: str, seed: int) -> population.Layout:
    """Return the trial's teams under a scenario of the library."""
    roster = trial_roster(seed)
    return population.lay_out(roster, expand(load_scenario(scenario), roster))


class ViewedModel(RecoveryModel):
    """The model, built from what the viewer's controls say."""

    def __init__(
        self, scenario: str = "refocus-as-delivered", seed: int = 1, team: int = 0
    ) -> None:
        super().__init__(layout_of(scenario, seed), seed=seed)
        self.shown_team = team


@solara.component
def TeamNetwork(model: Any) -> None:  # noqa: N802 - a component is named like a class
    """Draw one team: who asks whom, who was trained, and how far practice has moved."""
    update_counter.get()
    import networkx

    team = model.teams[model.shown_team]
    graph = networkx.DiGraph()
    graph.add_nodes_from(member.place for member in team.members)
    for member in team.members:
        for tie in (member.tie_0, member.tie_1, member.tie_2):
            if tie >= 0:
                graph.add_edge(member.place, tie)
    figure = Figure(figsize=(5, 5))
    axes = figure.subplots()
    colours = [member.behaviour_coaching if member.present == 1 else 0.0 for member in team.members]
    sizes = [150 + 60 * member.sessions_attended for member in team.members]
    drawn = networkx.draw_networkx_nodes(
        graph,
        networkx.circular_layout(graph),
        node_color=colours,
        node_size=sizes,
        cmap="viridis",
        vmin=0.0,
        vmax=1.0,
        ax=axes,
    )
    networkx.draw_networkx_edges(
        graph, networkx.circular_layout(graph), alpha=0.4, node_size=sizes, ax=axes
    )
    networkx.draw_networkx_labels(
        graph, networkx.circular_layout(graph), font_size=8, font_color="white", ax=axes
    )
    figure.colorbar(drawn, ax=axes, shrink=0.7, label="coaching in contacts, 0-1")
    axes.set_title(f"{team.name}, week {model.week_now}", fontsize=10)
    axes.text(
        0.5,
        -0.02,
        "size: sessions attended; arrow: asks for advice",
        ha="center",
        fontsize=8,
        transform=axes.transAxes,
    )
    axes.set_axis_off()
    solara.FigureMatplotlib(figure)


CONTROLS = {
    "scenario": {
        "type": "Select",
        "value": "refocus-as-delivered",
        "values": list(scenario_names()),
        "label": "scenario",
    },
    "seed": {"type": "SliderInt", "value": 1, "label": "seed", "min": 1, "max": 50, "step": 1},
    "team": {"type": "SliderInt", "value": 0, "label": "team", "min": 0, "max": 26, "step": 1},
}

page = SolaraViz(
    ViewedModel(),
    components=[
        TeamNetwork,
        make_plot_component("behaviour"),
        make_plot_component("team_readiness"),
        make_plot_component(["relationship", "support"]),
    ],
    model_params=CONTROLS,
    name="REFOCUS: teams take up recovery support",
)
