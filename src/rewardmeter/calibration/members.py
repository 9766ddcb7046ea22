"""The scorers of a combination, made again from what its file says of them.

May import `scorers`, `scoring`, `dataset`, `types`, `errors` and the files of this folder.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from rewardmeter.calibration.calibrated import calibrated
from rewardmeter.calibration.calibrator import read_calibrator
from rewardmeter.calibration.combination import Member
from rewardmeter.dataset import Dataset
from rewardmeter.errors import SpecError
from rewardmeter.scorers.recorded import needs_dataset, recorded_scores, recorded_signature
from rewardmeter.scoring import Laws, Scorer, make_scorer, parse_spec, signature_of, without_calibrator
from rewardmeter.scoring.negated import negated
from rewardmeter.scoring.spec import spec_in_target
from rewardmeter.types import Item, Scores, Signature

__all__ = ["RecordedMember", "made_member", "recorded_member"]


@dataclass(frozen=True)
class RecordedMember:
    """Scores that the data carries, as a member of a combination; only the engine, which has the data, can ask it.

    Attributes
    ----------
    recorded:
        Their name in the data.
    dataset:
        Name of the dataset that the combination was fitted on; another one is an error.
    """

    recorded: str
    dataset: str

    @property
    def name(self) -> str:
        return f"recorded:{self.recorded}"

    @property
    def reads(self) -> frozenset[str]:
        return frozenset()

    @property
    def laws(self) -> Laws:
        return Laws()

    def signature(self) -> Signature:
        """That of the recorded scores."""
        return recorded_signature(self.recorded)

    def look_up(self, dataset: Dataset, /) -> Scores:
        """The data's scores.

        Raises
        ------
        SpecError
            If it is another dataset.
        """
        if dataset.name != self.dataset:
            raise SpecError(f"{self.name} belongs to dataset '{self.dataset}', and this one is '{dataset.name}'")
        return recorded_scores(dataset, self.recorded)

    def __call__(self, items: Sequence[Item], /) -> Scores:
        needs_dataset(self.recorded)


def made_member(member: Member, path: str) -> Scorer:
    """The scorer of a member.

    Raises
    ------
    SpecError
        If it is no longer the one that the combination was fitted on.
    """
    made = _recorded(member, path) if member.dataset else make_scorer(member.spec)
    found = signature_of(made).fingerprint
    if found != member.fingerprint:
        raise SpecError(
            f"combination {path} was fitted with {member.spec} ({member.fingerprint}), and that is now {found}:"
            " options, revision or code differ. Fit it again: rewardmeter combine"
        )
    return made


def recorded_member(name: str, dataset: Dataset) -> Member:
    """The member that stands for recorded scores, by the name that they have on a board: ``NAME``, ``-NAME`` or
    ``NAME@calibrator.json``.

    Raises
    ------
    SpecError
        If no spec can hold the name.
    """
    plain, calibrator = (name, "") if name in dataset.recorded else without_calibrator(name)
    negative = plain not in dataset.recorded and plain.startswith("-")
    spec = f"{'-' if negative else ''}{_spec_of(plain.removeprefix('-') if negative else plain)}"
    member = Member(f"{spec}@{calibrator}" if calibrator else spec, "", dataset.name)
    return dataclasses.replace(member, fingerprint=signature_of(_recorded(member, "")).fingerprint)


def _spec_of(name: str) -> str:
    """The spec of recorded scores, the name in brackets where it would be read as more than a name."""
    for spec in (f"recorded:{name}", f"recorded:[{name}]"):
        try:
            understood = parse_spec(spec)
        except SpecError:
            continue
        if (
            not without_calibrator(spec)[1]
            and not understood.options
            and spec_in_target(understood.target or "") == name
        ):
            return spec
    raise SpecError(
        f"the recorded scorer '{name}' cannot be a member: no spec can hold its name. Rename it in the data"
    )


def _recorded(member: Member, path: str) -> Scorer:
    plain, calibrator = without_calibrator(member.spec)
    spec = parse_spec(plain)
    if spec.name != "recorded" or not spec.target:
        raise SpecError(f"combination {path}: member '{member.spec}' has a dataset and is not recorded")
    made: Scorer = RecordedMember(spec_in_target(spec.target), member.dataset)
    made = negated(made) if spec.negated else made
    return calibrated(made, read_calibrator(calibrator), calibrator) if calibrator else made
