"""A spec within a spec: brackets keep its options apart from those of the outer one."""

import pytest

from rewardmeter.scoring import make_scorer, parse_spec
from rewardmeter.scoring.spec import as_target, spec_in_target


@pytest.mark.parametrize(
    ("text", "target", "options"),
    [
        ("pairs:[chrf?beta=3]?temperature=10", "[chrf?beta=3]", {"temperature": "10"}),
        ("pairs:[chrf?beta=3]", "[chrf?beta=3]", {}),
        ("a:[b:[c?x=1]?y=2]?z=3", "[b:[c?x=1]?y=2]", {"z": "3"}),
        ("regex:[ab]?ignore_case=true", "[ab]", {"ignore_case": "true"}),
        ("regex:[ab]c", "[ab]c", {}),
        ("regex:[ab", "[ab", {}),
        ("regex:a?pattern=[b]", "a", {"pattern": "[b]"}),
        ("regex?pattern=a:[b]?c", None, {"pattern": "a:[b]?c"}),
        ("pairs:length?tie=1", "length", {"tie": "1"}),
    ],
)
def test_brackets_hold_a_whole_spec(text, target, options):
    parsed = parse_spec(text)
    assert parsed.target == target
    assert dict(parsed.options) == options


SPECS = ["length", "-length", "chrf?beta=3", "pairs:[chrf?beta=3]?tie=1", r"regex?pattern=\[a", "regex:[ab]", "regex:]"]


@pytest.mark.parametrize("spec", SPECS)
def test_any_spec_can_be_a_target(spec):
    target = parse_spec(f"pairs:{as_target(spec)}?tie=1").target
    assert target is not None
    assert make_scorer(spec_in_target(target)) == make_scorer(spec)
    twice = parse_spec(f"a:{as_target('pairs:' + as_target(spec))}").target
    assert spec_in_target(parse_spec(spec_in_target(twice)).target) == spec_in_target(as_target(spec))
