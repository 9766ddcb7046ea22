"""The problems of the demo dataset, with every fact that a right answer states. May import `demo.draw` only.

Three tasks, three levels of difficulty. The right values are computed here, not looked up, so they are right by
construction; for every value there is one plausible wrong value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from rewardmeter.io.demo.draw import one_of, order, uniform

__all__ = ["DIFFICULTIES", "PER_TASK", "TASKS", "Fact", "Problem", "problems"]

TASKS = ("table-to-text", "arithmetic", "dates")
DIFFICULTIES = ("easy", "medium", "hard")
PER_TASK = {"easy": 11, "medium": 11, "hard": 10}
"""Problems of each difficulty in every task: enough that no slice is too small to judge scorers by."""


@dataclass(frozen=True)
class Fact:
    """One thing that a right answer says.

    Attributes
    ----------
    value, wrong:
        The right value and a wrong one, as written in a text.
    plain, other, short:
        Three wordings with ``{}`` where the value stands; an empty wording leaves the fact out.
    role:
        ``subject`` (names the thing; never left out), ``detail`` (the prompt asks for it), ``step`` (helps, but is not
        asked for) or ``answer`` (what the prompt asks for).
    """

    value: str
    wrong: str
    plain: str
    other: str
    short: str
    role: str


@dataclass(frozen=True)
class Problem:
    """One item.

    Attributes
    ----------
    id, task, difficulty, prompt:
        As in the dataset.
    facts:
        In the order of a good answer.
    unsupported:
        Sentences that nothing in the prompt supports.
    """

    id: str
    task: str
    difficulty: str
    prompt: str
    facts: tuple[Fact, ...]
    unsupported: tuple[str, ...]


def problems() -> tuple[Problem, ...]:
    """All problems: `PER_TASK` for each task."""
    makers = {"table-to-text": _table, "arithmetic": _arithmetic, "dates": _dates}
    return tuple(
        makers[task](f"{task}-{difficulty}-{number}", difficulty, number)
        for task in TASKS
        for difficulty in DIFFICULTIES
        for number in range(1, PER_TASK[difficulty] + 1)
    )


NAMES = (
    "Blue Heron", "Copper Kettle", "Old Mill", "Silver Birch", "Red Lantern", "Green Door", "North Star", "White Swan",
    "Golden Plover", "Stone Bridge", "Quiet Corner", "Lime Tree", "Brass Anchor", "Paper Boat", "High Meadow",
    "Round House", "Seven Steps", "Little Owl", "Far Shore", "Amber Gate", "Cedar Hall", "Salt Barn", "Tall Chimney",
    "Winding Stair", "Painted Gable", "Broken Wheel", "Harvest Moon", "Iron Bell", "Narrow Lane", "Crooked Elm",
    "Marble Arch", "Sleepy Fox",
)  # fmt: skip
KINDS = ("café", "hotel", "museum", "bookshop")
FIELDS: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "area": (
        ("old harbour", "market square", "station quarter", "university district"),
        "The {name} is a {kind} in the {{}}.",
        "You will find the {kind} {name} in the {{}}.",
        "{name}, {kind}, {{}}",
    ),
    "known for": (
        ("almond cake", "roof garden", "model ships", "old maps", "live music"),
        "It is known for its {}.",
        "Most people come because of the {}.",
        "known for {}",
    ),
    "opens": (
        ("7:30", "8:15", "9:00", "10:45"),
        "It opens at {}.",
        "Its doors open at {} every day.",
        "opens {}",
    ),
    "families": (
        ("welcome", "not admitted"),
        "Families with children are {}.",
        "Those who bring children are {}.",
        "families {}",
    ),
    "walk": (
        ("4", "7", "12", "15"),
        "From the railway station it is a walk of {} minutes.",
        "It takes {} minutes on foot from the trains.",
        "{} min from station",
    ),
    "rating": (
        ("2", "3", "4", "5"),
        "Visitors rate it {} out of 5.",
        "Its guests give it {} of 5 points.",
        "rated {}/5",
    ),
    "price": (
        ("6", "14", "18", "35"),
        "A visit costs about {} euros.",
        "Expect to pay around {} euros.",
        "{} euros",
    ),
}
FIELDS_OF = {
    "easy": ("area", "rating", "price"),
    "medium": ("area", "known for", "opens", "rating", "price"),
    "hard": ("area", "known for", "opens", "families", "walk", "rating", "price"),
}
UNSUPPORTED_PLACES = (
    "It was renovated last year.",
    "Booking in advance is required.",
    "There is free parking for visitors.",
    "The staff speak four languages.",
)


def _table(key: str, difficulty: str, number: int) -> Problem:
    easier = DIFFICULTIES[: DIFFICULTIES.index(difficulty)]
    name, kind = NAMES[sum(PER_TASK[level] for level in easier) + number - 1], one_of(KINDS, key, "kind")
    rows, facts = [f"name: {name}", f"kind: {kind}"], []
    for field in FIELDS_OF[difficulty]:
        values, *wordings = FIELDS[field]
        value, wrong = order(values, key, field)[:2]
        rows.append(f"{field}: {value}")
        role = "subject" if field == "area" else "detail"
        if role == "subject":
            wordings = [wording.format(name=name, kind=kind) for wording in wordings]
        plain, other, short = wordings
        facts.append(Fact(value, wrong, plain, other, short, role))
    prompt = "Describe this place. Use every field and add nothing.\n\n" + "\n".join(rows)
    return Problem(key, "table-to-text", difficulty, prompt, tuple(facts), UNSUPPORTED_PLACES)


SETTINGS = (
    ("A shop", "boxes", "pens", "sells", "schools"),
    ("A bakery", "trays", "rolls", "sells", "cafés"),
    ("A nursery", "rows", "tulips", "loses", "gardens"),
    ("A printer", "stacks", "posters", "spoils", "theatres"),
    ("A farm", "crates", "apples", "keeps", "kitchens"),
    ("A factory", "cartons", "lamps", "rejects", "hotels"),
    ("A library", "shelves", "atlases", "lends", "branches"),
    ("A workshop", "bundles", "planks", "burns", "builders"),
    ("A pottery", "kilns", "mugs", "breaks", "shops"),
    ("A museum", "drawers", "coins", "lends", "exhibitions"),
    ("A school", "cupboards", "rulers", "mislays", "classes"),
)


def _arithmetic(key: str, difficulty: str, number: int) -> Problem:
    who, groups, things, takes, others = SETTINGS[number - 1]
    a, b = 3 + int(uniform(key, "a") * 10), 6 + int(uniform(key, "b") * 19)
    d = 2 + int(uniform(key, "d") * 5)
    product = a * b
    taken = 5 + int(uniform(key, "c") * (product // 3))
    taken += (product - taken) % d  # what is left can be shared equally
    left, share = product - taken, (product - taken) // d
    story = f"{who} has {a} {groups} with {b} {things} each."
    steps = [
        Fact(
            str(product),
            str(product + 10),
            f"{a} {groups} with {b} {things} each hold {{}} {things}.",
            f"Multiplying {a} by {b} gives {{}}.",
            "",
            "step",
        )
    ]
    question, result = f"How many {things} is that?", product
    if difficulty != "easy":
        story += f" It {takes} {taken} of them."
        question, result = f"How many {things} are left?", left
        plain, other = (
            f"After taking away {taken}, there are {{}} {things} left.",
            f"Once {taken} are gone, {{}} remain.",
        )
        steps.append(Fact(str(left), str(left - 1), plain, other, "", "step"))
    if difficulty == "hard":
        story += f" The rest is shared equally among {d} {others}."
        question, result = f"How many {things} does each get?", share
        plain, other = f"Shared among {d} {others}, that makes {{}} for each.", f"Dividing by {d} leaves {{}} apiece."
        steps.append(Fact(str(share), str(share + 2), plain, other, "", "step"))
    unsupported = (f"Some of the {things} are damaged.", f"The {groups} are of different sizes.")
    return Problem(key, "arithmetic", difficulty, f"{story} {question}", (*steps, _answer(key, result)), unsupported)


def _answer(key: str, result: int) -> Fact:
    slips = [slip for slip in (1, -1, 2, 10, -10) if result + slip > 0]
    wrong = result + one_of(slips, key, "slip")
    return Fact(str(result), str(wrong), "The answer is {}.", "This comes to {} in the end.", "{}", "answer")


EVENTS = ("exhibition", "building work", "river cruise", "training course", "film festival", "ferry strike",
          "market", "expedition", "book fair", "chess tournament", "road closure")  # fmt: skip
UNSUPPORTED_EVENTS = (
    "It pauses on public holidays.",
    "The dates may still change.",
    "Weekends are not counted in such plans.",
)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SPAN_DAYS = {"easy": (3, 15), "medium": (20, 25), "hard": (70, 120)}


def _dates(key: str, difficulty: str, number: int) -> Problem:
    first, last = _span(key, difficulty)
    event = EVENTS[number - 1]
    prompt = (
        f"The {event} begins on {_written(first)} and ends on {_written(last)}."
        " How many days does it last, counting the first and the last day?"
    )
    facts: list[Fact] = []
    start = first
    while (start.year, start.month) != (last.year, last.month):
        end = _month_end(start)
        facts.append(_part(start, end))
        start = end + timedelta(days=1)
    if facts:
        facts.append(_part(start, last))
    days = (last - first).days + 1
    return Problem(key, "dates", difficulty, prompt, (*facts, _answer(key, days)), UNSUPPORTED_EVENTS)


def _span(key: str, difficulty: str) -> tuple[date, date]:
    """Easy: within a month. Medium: over the end of a month. Hard: over two or more ends, at times over a leap day."""
    shortest, longest = SPAN_DAYS[difficulty]
    year, month = 2019 + int(uniform(key, "year") * 7), 1 + int(uniform(key, "month") * 12)
    if difficulty == "easy":
        first = date(year, month, 1 + int(uniform(key, "day") * 10))
    else:
        first = date(year, month, 12 + int(uniform(key, "day") * 14))
    last = first + timedelta(days=shortest + int(uniform(key, "days") * (longest - shortest)))
    return first, last + timedelta(days=last.day == 1)  # no part of a single day


def _month_end(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _part(start: date, end: date) -> Fact:
    days = (end - start).days + 1
    month = MONTHS[end.month - 1]
    plain, other = f"The days from {start.day} to {end.day} {month} number {{}}.", f"{month} alone adds {{}}."
    return Fact(str(days), str(days - 1), plain, other, "", "step")


def _written(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"  # strftime would follow the locale
