"""Strengths of systems from paired comparisons: numbers on an open scale, one per system. May import: entry."""

from __future__ import annotations

import math

from rewardmeter.stats.catalogue.entry import Statistic

__all__ = ["RANKING"]

RANKING: tuple[Statistic, ...] = (
    Statistic(
        "ranking.bradley_terry",
        "Bradley–Terry strength",
        "Strength of a system in log-odds (mean 0), from who beat whom; a tie is half a win for each. With style"
        " differences as covariates, the strength among systems that write alike.",
        "P(i beats j) = 1 / (1 + exp(−(s_i − s_j + x b))), maximum likelihood, sandwich intervals clustered by item",
        "One number per system explains all matches (no circles). Every system must be linked to every other by wins.",
        "Bradley and Terry 1952; Chiang et al. 2024 (Chatbot Arena), arXiv 2403.04132",
        "Only differences mean anything, and they depend on which systems and prompts are in the data.",
        computed_by="ranking.bradley_terry",
        low=-math.inf,
        high=math.inf,
    ),
    Statistic(
        "ranking.davidson",
        "Davidson strength",
        "Bradley–Terry strength in a model with ties of their own: the more alike two systems are, the more they tie.",
        "win : loss : tie = exp(d/2) : exp(−d/2) : ν, d = s_i − s_j + x b",
        "One tie parameter ν for all pairs; there are both ties and decided comparisons.",
        "Davidson 1970",
        "If raters tie out of convenience rather than closeness, strengths are pulled together.",
        computed_by="ranking.davidson",
        low=-math.inf,
        high=math.inf,
    ),
    Statistic(
        "ranking.elo",
        "Elo rating",
        "Rating after updating, one comparison after the other, by how much the outcome surprised; 400 points apart are"
        " odds of ten to one, and ratings start at 1000.",
        "R_i += K (S − 1 / (1 + 10^((R_j − R_i) / 400))), K = 4",
        "Strengths may move, so that late comparisons count more.",
        "Elo 1978; Boubdir et al. 2023, arXiv 2311.17295",
        "Depends on the order of the comparisons: look at the spread over random orders, or use Bradley–Terry.",
        computed_by="elo.elo_ratings",
        low=-math.inf,
        high=math.inf,
    ),
)
