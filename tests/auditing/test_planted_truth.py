"""What is planted is found within the interval, and what is not there raises no alarm more often than stated.

Small simulations with fixed seeds; docs/results/audit-truth.md has the large ones. Bounds are four standard errors of a
simulated share about its nominal value. Each comes with a method that is known to be too sure of itself, which must
fail the same bound: a check that everything passes says nothing.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from small_data import contender, pairs_of, rated, words

from rewardmeter.auditing import AuditOptions, baseline
from rewardmeter.auditing.edited import NOTICES, edit_probes
from rewardmeter.auditing.edits import edits_named
from rewardmeter.auditing.evidence import gather_evidence
from rewardmeter.auditing.experiment import make_experiment
from rewardmeter.auditing.features import FEATURES, feature_values
from rewardmeter.auditing.observed import dependence_probes
from rewardmeter.auditing.pairs import judged_pairs
from rewardmeter.auditing.rules import rule_margins
from rewardmeter.auditing.run import audit
from rewardmeter.stats.clustered_regression import clustered_least_squares
from rewardmeter.stats.result import Estimate
from rewardmeter.stats.significance import holm
from rewardmeter.types import Scores

SETS, SCORERS, ITEMS = 30, 50, 40
PLANTED = 0.3


def beyond(share, n):
    """The bounds of a share of n draws that are independent within data sets."""
    error = 4 * math.sqrt(share * (1 - share) / n)
    return share - error, share + error


def lengths(rng, n):
    """Log-normal: a few responses are many times as long as most."""
    return np.maximum(3, np.exp(rng.normal(3, 0.8, n))).astype(int)


def rated_data(rng):
    """Four rated responses an item, the better ones a little longer; log lengths; and scores that are the rating, the
    planted length and an error of each response, to which each item adds a liking for length of its own."""
    rating = rng.integers(1, 6, 4 * ITEMS).astype(float)
    size = lengths(rng, 4 * ITEMS) + 3 * rating.astype(int)
    data = rated(rating.reshape(ITEMS, 4).T, texts=[words(rng, one) for one in size])
    features = feature_values(data)
    length = np.log1p(features["length"])
    liking = np.repeat(rng.normal(size=(SCORERS, ITEMS)), 4, axis=1)
    scores = rating + (PLANTED + liking) * length + rng.normal(0, 0.7, (SCORERS, 4 * ITEMS))
    only = {name: values if name == "length" else np.full_like(values, np.nan) for name, values in features.items()}
    return data, only, scores


def test_intervals_hold_the_planted_coefficient():
    """1,500 scorers on 30 data sets. Six pairs of an item share four responses and a liking: taken as pairs of their
    own, or with the plain sandwich (HC0, CR0) and a normal quantile, the intervals hold it too seldom."""
    held, alone, sandwich, errors = [], [], [], []
    for seed in range(SETS):
        data, features, scores = rated_data(np.random.default_rng(seed))
        evidence = gather_evidence(data, [contender(f"s{k}", row) for k, row in enumerate(scores)])
        apart = np.log1p(features["length"])[evidence.pairs.a] - np.log1p(features["length"])[evidence.pairs.b]
        x = np.column_stack([evidence.strength, apart])
        fits = clustered_least_squares(evidence.margins, x, evidence.pairs.item)
        naive = clustered_least_squares(evidence.margins, x, np.arange(len(apart)))
        for row, fit, other in zip(dependence_probes(evidence, features), fits, naive, strict=True):
            estimate = row[0].estimate
            unit = estimate.value / fit.coefficients[-1]
            held.append(estimate.low <= PLANTED * unit <= estimate.high)
            wrong = other.estimate(-1)
            alone.append(wrong.low <= PLANTED <= wrong.high)
            errors.append(fit.coefficients[-1] - PLANTED)
        sandwich += list(np.abs([fit.coefficients[-1] - PLANTED for fit in fits]) <= 1.96 * plain(evidence, x, fits))
    low, _ = beyond(0.95, len(held))
    assert np.mean(held) > low
    assert np.mean(held) < 0.99, "intervals that hold everything say nothing"
    assert abs(np.mean(errors)) < 4 * np.std(errors) / math.sqrt(len(errors))
    assert np.mean(alone) < low - 0.1
    assert np.mean(sandwich) < low


def plain(evidence, x, fits):
    """Standard errors of the last coefficient by the sandwich with the residuals as they are, clustered (CR0)."""
    inverse = np.linalg.inv(x.T @ x)
    made = []
    for margin, fit in zip(evidence.margins, fits, strict=True):
        moment = x * (margin - x @ fit.coefficients)[:, None]
        sums = np.stack([np.bincount(evidence.pairs.item, column) for column in moment.T], axis=1)
        made.append(math.sqrt((inverse @ (sums.T @ sums) @ inverse)[-1, -1]))
    return np.array(made)


def test_a_strong_dependence_counts_the_error_of_its_unit():
    """The effect of length over very many items. The coefficient's own interval, in the unit of a data set of 40 items,
    holds it too seldom."""

    def scored(items, rng):
        size = lengths(rng, 2 * items)
        side = rng.choice([0.0, 1.0], items)
        data = pairs_of([(words(rng, a), words(rng, b)) for a, b in size.reshape(-1, 2)], side)
        length = np.log1p([len(text) for text in data.response_text])
        gold = np.column_stack([side, 1 - side]).ravel()
        values = gold + 2 * length + rng.normal(0, 0.2, (SCORERS // 5, 2 * items))
        only = {one.name: np.full(2 * items, np.nan) for one in FEATURES} | {"length": np.expm1(length)}
        evidence = gather_evidence(data, [contender(f"s{k}", row) for k, row in enumerate(values)])
        return evidence, [row[0].estimate for row in dependence_probes(evidence, only)]

    truth = scored(4000, np.random.default_rng(99))[1][0].value
    held, narrow = [], []
    for seed in range(200):
        evidence, found = scored(40, np.random.default_rng(seed))
        apart = np.diff(np.log1p([len(text) for text in evidence.dataset.response_text]).reshape(-1, 2))
        fits = clustered_least_squares(evidence.margins, np.column_stack([evidence.strength, -apart]), np.arange(40))
        held += [one.low <= truth <= one.high for one in found[:1]]
        for fit, one in zip(fits[:1], found[:1], strict=True):
            own = fit.estimate(-1, unit=one.value / fit.coefficients[-1])
            narrow.append(own.low <= truth <= own.high)
    low, _ = beyond(0.95, len(held))
    assert np.mean(held) > low
    assert np.mean(narrow) < low - 0.1


def made_pairs(rng, items, ties=0.2):
    """Texts whose length and marks have nothing to do with who wins, and the gold of each response."""
    side = rng.choice([0.0, 0.5, 1.0], items, p=[(1 - ties) / 2, ties, (1 - ties) / 2])
    size = lengths(rng, 2 * items).reshape(-1, 2)
    texts = [(words(rng, a) + marks(rng), words(rng, b) + marks(rng)) for a, b in size]
    return pairs_of(texts, side), np.column_stack([side, 1 - side]).ravel()


def marks(rng):
    """Each of these in a third of the responses."""
    made = ("\n- one\n- two", "\n## Three", " Four. Five! Six?", "\n\nseven\n\neight", " \N{GRINNING FACE}")
    return "".join(mark for mark in made if rng.random() < 1 / 3)


def test_clean_scorers_raise_no_alarm_more_often_than_stated():
    """320 scorers that are the gold and an error. Without Holm many more would raise one."""
    audits = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        data, gold = made_pairs(rng, 60)
        made = [contender(f"s{k}", row) for k, row in enumerate(gold + rng.normal(0, 0.6, (40, 120)))]
        audits += audit(data, made, options=AuditOptions(resamples=0)).scorers
    p = np.array([probe.p for one in audits for probe in one.probes if probe.measure == "dependence"])
    low, high = beyond(0.05, len(audits))
    assert low < np.mean(p[~np.isnan(p)] < 0.05) < high
    assert np.mean([any(probe.alarm for probe in one.probes) for one in audits]) < high
    unadjusted = [any(replace(probe, p_adjusted=probe.p).alarm for probe in one.probes) for one in audits]
    assert np.mean(unadjusted) > 2 * high


def test_coins_are_not_said_to_fall_short_of_the_best_rule(monkeypatch):
    """The best of many rules wins more than a coin by luck; were the rule taken as given, too many would fall short."""

    def short():
        found = []
        for seed in range(16):
            rng = np.random.default_rng(seed)
            data, _ = made_pairs(rng, 30, ties=0.0)
            coins = [contender(f"s{k}", row) for k, row in enumerate(rng.normal(size=(50, 60)))]
            ruled = [one for one in rule_margins(data, judged_pairs(data), 5, 0) if one.rule.less]
            found += baseline.baseline_probes(gather_evidence(data, coins), ruled)
        return np.mean([one.p < 0.05 and one.estimate.value < 0 for one in found])

    bound = beyond(0.05, 800)[1]
    assert short() < bound
    chosen = baseline._strongest
    monkeypatch.setattr(baseline, "_strongest", lambda *given: (*chosen(*given)[:2], 1))
    assert short() > bound


EDITS = edits_named(["flattery", "pleasantries", "heading", "added emoji", "self-grading", "shuffled words"])
BUMP, ERROR = 0.8, 0.5


def hashed(*parts):
    """A standard normal number that is always the same for the same texts."""
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest, "little") + 0.5) / 2**64
    return float(ndtri(uniform))


def edit_data(n=80, seed=0):
    """Pairs in English, so that edits find what they need; each item has a prompt of its own."""
    rng = np.random.default_rng(seed)
    said = ("The train to the city is late.", "There is no bus on that day.", "You can walk to the old bridge.")
    texts = [tuple(" ".join(rng.choice(said, rng.integers(3, 9))) for _ in "ab") for _ in range(n)]
    prompts = [f"How do I get to house {i} in the city?" for i in range(n)]
    return pairs_of(texts, rng.choice([0.0, 1.0], n), prompts=prompts)


def quality(data, experiment):
    """(R,) of the experiment's responses: ½ for the better response of the data in any form, -½ for the worse."""
    made = np.zeros(experiment.dataset.n_responses)
    for trial in experiment.trials:
        target = 0.5 if trial.edit.kind == "breaking" else -0.5
        made[trial.before[:, 0]] = made[trial.beside.ravel()] = made[trial.after[:, 0]] = target
        made[trial.before[:, 1]] = made[trial.after[:, 1]] = -target
    return made


def edited_probes(scorers, planted):
    """Probes of so many scorers that read what is said, with an error by hash of prompt and text. The planted one also
    pays for flattery; the others notice damage just as often as they are asked to."""
    data = edit_data()
    experiment = make_experiment(data, judged_pairs(data), EDITS, units=80)
    texts, says = experiment.dataset, quality(data, experiment)
    prompts = [str(texts.prompts[item]) for item in texts.response_item]
    notices = ERROR * math.sqrt(2) * ndtri(NOTICES)
    for k in range(scorers):
        error = ERROR * np.array([hashed(str(k), a, str(b)) for a, b in zip(prompts, texts.response_text, strict=True)])
        values = says + error
        for trial in experiment.trials:
            added = -notices if trial.edit.kind == "breaking" else BUMP * (planted and trial.edit.name == "flattery")
            for place in (trial.beside[:, 1], trial.after[:, 0]):
                values[place] += added
        gap = 1 + ERROR * (np.array([hashed(f"{k}a{i}") for i in range(80)]) - [hashed(f"{k}b{i}") for i in range(80)])
        margin = np.abs(gap)
        reach = 1.99 * margin.std(ddof=1) / math.sqrt(80)
        scale = Estimate(margin.mean(), margin.mean() - reach, margin.mean() + reach, n=80)
        yield edit_probes(experiment, Scores.from_values(values), scale)


def test_a_planted_liking_for_flattery_is_found_within_the_interval():
    """What flattery adds over the mean of |N(1, 2 ERROR²)| (folded normal, closed form)."""
    spread = ERROR * math.sqrt(2)
    folded = spread * math.sqrt(2 / math.pi) * math.exp(-1 / (2 * spread**2)) + 1 - 2 * ndtr(-1 / spread)
    found = [next(one for one in probes if one.probe == "flattery") for probes in edited_probes(100, planted=True)]
    assert np.mean([one.estimate.low <= BUMP / folded <= one.estimate.high for one in found]) > beyond(0.95, 100)[0]
    assert np.mean([one.estimate.value for one in found]) == pytest.approx(BUMP / folded, abs=0.03)
    assert all(one.p < 0.001 for one in found)


def test_clean_scorers_raise_no_alarm_over_edits():
    """200 scorers: any alarm after Holm no more often than 5 %; before it more often than that."""
    any_alarm, unadjusted = [], []
    for probes in edited_probes(200, planted=False):
        assert len(probes) == len(EDITS)
        adjusted = holm([one.p for one in probes])
        any_alarm.append(any(replace(one, p_adjusted=p).alarm for one, p in zip(probes, adjusted, strict=True)))
        unadjusted.append(any(replace(one, p_adjusted=one.p).alarm for one in probes))
    assert np.mean(any_alarm) < beyond(0.05, 200)[1]
    assert np.mean(unadjusted) > beyond(0.05, 200)[1]


def test_a_clear_scorer_beside_unclear_people_depends_on_length():
    """What the audit cannot tell, as its page says: people who only say which is better hide how much, and length that
    goes with quality tells it. The scorer reads quality and nothing else, and is found to depend on length."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = rng.normal(size=400)
        size = np.exp(3 + 0.3 * true + 0.5 * rng.normal(size=400)).astype(int) + 3
        said = true + 0.7 * rng.normal(size=400)
        texts = [(words(rng, a), words(rng, b)) for a, b in size.reshape(-1, 2)]
        data = pairs_of(texts, (said[::2] > said[1::2]).astype(float))
        length = {one.name: np.full(400, np.nan) for one in FEATURES}
        length["length"] = np.array([len(text) for text in data.response_text], dtype=float)
        found.append(dependence_probes(gather_evidence(data, [contender("q", true)]), length)[0][0])
    assert np.mean([one.estimate.value > 0.1 for one in found]) > 0.9
    assert np.mean([one.p < 0.05 for one in found]) > 0.9
