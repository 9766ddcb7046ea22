"""Small hand-made boards and views for the tests of the HTML report."""

from __future__ import annotations

from typing import Any

HOSTILE = (
    "</script><img src=x onerror=\"document.title='owned'\"><b>bold</b> &amp; {{ 7 * 7 }} <!-- <script>"
    " \u2028 \u2029 \x00 \x1b \ud800 \udc00 \u202eevil '\"`"
)


def estimate(value: float | None, half: float | None = 0.02, **more: Any) -> dict[str, Any]:
    """An estimate with a symmetric interval; None for what is undefined."""
    known = value is not None and half is not None
    return {
        "value": value,
        "low": value - half if known else None,
        "high": value + half if known else None,
        "level": 0.95,
        "n": 120,
        "method": "bootstrap over items, percentile, 1000 resamples",
        **more,
    }


def row(scorer: str, rank: int, statistics: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "rank": rank,
        "scorer": scorer,
        "kind": "computed",
        "baseline": False,
        "reads": ["prompt", "response"],
        "coverage": 1.0,
        "outcomes": {"scored": 240},
        "cost": {"seconds": 0.0, "dollars": 0.0},
        "signature": f"{scorer}|version:1",
        "fingerprint": "0" * 32,
        "cluster": None,
        "statistics": statistics,
        "slices": {},
        **more,
    }


def board(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "rewardmeter": "0.1.0",
        "created": None,
        "dataset": {"name": "toy", "items": 60, "responses": 240, "systems": 4, "hash": "h", "notes": []},
        "gold": {"kind": "ratings", "description": "stars", "raters": 2, "judged": 240, "tie_share": 0.25},
        "settings": {"primary": "segment.pearson.item", "level": 0.95, "resamples": 1000, "seed": 0, "command": "x"},
        "headline": ["alpha leads."],
        "caveats": ["Nothing is said about other data."],
        "board": rows,
        "human_ceiling": None,
        **more,
    }


def three_scorers() -> dict[str, Any]:
    """alpha and beta read, the length rule does not; gamma is undefined on the primary statistic."""

    def slices(value: float) -> dict[str, Any]:
        return {
            "domain": {
                "news": {"n": 100, "statistics": {"segment.pearson.item": estimate(value + 0.1, None)}},
                "chat": {"n": 29, "statistics": {"segment.pearson.item": estimate(value - 0.1, None)}},
                "maths": {"n": 30, "statistics": {"segment.pearson.item": estimate(value + 0.05, None)}},
                "code": {"n": 50, "statistics": {"segment.pearson.item": estimate(None)}},
            }
        }

    return board(
        [
            row(
                "alpha",
                1,
                {"segment.pearson.item": estimate(0.5, 0.1, epsilon=0.25), "segment.pearson": estimate(0.6)},
                cluster=1,
                slices=slices(0.5),
            ),
            row(
                "beta",
                2,
                {"segment.pearson.item": estimate(0.4), "segment.pearson": estimate(0.7)},
                kind="recorded",
                reads=["response", "references"],
                cluster=1,
                slices=slices(0.4),
            ),
            row(
                "length",
                3,
                {"segment.pearson.item": estimate(0.1), "segment.pearson": estimate(-0.2)},
                baseline=True,
                reads=["response"],
                cluster=2,
                slices=slices(0.1),
            ),
            row("gamma", 4, {"segment.pearson.item": estimate(None), "segment.pearson": estimate(0.3)}, reads=None),
        ],
        human_ceiling={"segment.pearson.item": estimate(0.7, 0.05)},
    )


def item(name: str, apart: dict[str, float | None], text: str = "What is two and two?") -> dict[str, Any]:
    def response(system: str, gold: float, alpha: float, beta: float) -> dict[str, Any]:
        answer = f"{system} says four"
        return {
            "system": system,
            "text": answer,
            "cut": None,
            "gold": gold,
            "ratings": [gold - 1, gold + 1],
            "scores": [alpha, beta, None],
        }

    return {
        "id": name,
        "prompt": text,
        "references": ["four"],
        "columns": {"domain": "news" if name < "item 5" else "chat"},
        "responses": [
            response("S1", 1.0, 0.9, 0.1),
            response("S2", 2.0, 0.5, 0.2),
            response("S3", 3.0, 0.3, 0.3),
            response("S4", 4.0, 0.1, 0.4),
        ],
        "pairs": [],
        "disagreement": apart,
    }


def views(items: int = 3) -> dict[str, Any]:
    """Densities for alpha and beta, and items on which alpha and beta disagree with people in opposite order."""
    grid = {
        "x": [0, 1, 2],
        "y": [0, 1, 2, 3],
        "counts": [[1, 0, 4], [0, 0, 100]],
        "x_label": "score",
        "y_label": "stars",
    }
    return {
        "agreement": {"alpha": {"pooled": grid, "item": grid}, "beta": {"pooled": grid}, "gamma": None},
        "items": {
            "scorers": ["alpha", "beta", "length"],
            "judges": [],
            "looked_at": items,
            "shown": [item(f"item {i}", {"alpha": float(i), "beta": float(-i)}) for i in range(items)],
        },
        "statistics": {"segment.pearson": {"label": "Pearson pooled", "definition": "Over all responses at once."}},
    }


def preferences() -> tuple[dict[str, Any], dict[str, Any]]:
    """One scorer on two answers, with its margins."""
    made = board(
        [row("judge", 1, {"pair.accuracy": estimate(0.625)})],
        settings={"primary": "pair.accuracy"},
        gold={"kind": "preferences", "description": "choices"},
    )
    answers = [
        {"system": "A", "text": "one", "cut": None, "gold": None, "ratings": [], "scores": [1.5]},
        {"system": "B", "text": "two", "cut": 5000, "gold": None, "ratings": [], "scores": [0.5]},
    ]
    one = {
        "id": "p",
        "prompt": [{"role": "user", "content": "hm"}],
        "responses": answers,
        "disagreement": {"judge": 1.0},
    }
    pairs = [{"a": 0, "b": 1, "gold": 0.0}]
    margins = {"judge": {"edges": [-2, -1, -0.1, 0.1, 1, 2], "counts": [2, 1, 3, 4, 6]}}
    items = {"scorers": ["judge"], "judges": [], "looked_at": 1, "shown": [{**one, "pairs": pairs}]}
    return made, {"margins": margins, "items": items}


def verdicts() -> tuple[dict[str, Any], dict[str, Any]]:
    """The same pair, of which the judge gave a verdict and no scores: it prefers the second answer, as people do."""
    made, shown = preferences()
    shown["margins"]["judge"] = {"edges": [-1.5, -0.5, 0.5, 1.5], "counts": [3, 2, 5], "kind": "verdict"}
    shown["items"]["judges"] = ["judge"]
    one = shown["items"]["shown"][0]
    one["pairs"][0]["verdicts"] = {"judge": -1.0}
    for answer in one["responses"]:
        answer["scores"] = [None]
    return made, shown


def best_of_three() -> tuple[dict[str, Any], dict[str, Any]]:
    """One group of three responses, of which the second is correct and the third scores best."""
    made = board(
        [row("judge", 1, {"pair.best_of_k": estimate(0.5)})],
        settings={"primary": "pair.best_of_k"},
        gold={"kind": "best_of_k", "description": "checked answers"},
    )
    answers = [
        {"system": None, "text": str(i), "gold": None, "ratings": [], "scores": [float(i)], "best": i == 1}
        for i in range(3)
    ]
    one = {"id": "g", "prompt": "2 + 2", "responses": answers, "pairs": [], "disagreement": {"judge": 1.0}}
    margins = {"judge": {"edges": [-2, -1, -0.1, 0.1, 1, 2], "counts": [2, 1, 3, 4, 6], "kind": "best_of_k"}}
    items = {"scorers": ["judge"], "judges": [], "looked_at": 7, "shown": [one]}
    return made, {"margins": margins, "items": items}
