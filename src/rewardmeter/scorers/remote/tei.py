"""Classifiers and rerankers behind Hugging Face's text-embeddings-inference. May import the modules beside it,
`scoring`, `types`, `errors`.

Contracts: ``/predict``, ``/rerank`` and ``/info`` (https://huggingface.github.io/text-embeddings-inference). The server
returns probabilities unless raw scores are asked for, and the labels of a text in the order of their scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rewardmeter.errors import SpecError, UnknownNameError
from rewardmeter.scorers.pointwise import Measured
from rewardmeter.scorers.remote.answers import (
    LEFT_OUT,
    BadAnswerError,
    by_index,
    list_of,
    looks_activated,
    number,
    shown,
)
from rewardmeter.scorers.remote.rendering import check_template, rendered
from rewardmeter.scorers.remote.server import Server, Unit, batches_by_item
from rewardmeter.types import Unscored, prompt_text

__all__ = ["Tei", "tei"]

APIS = ("predict", "rerank")
ACTIVATED = "the server returned probabilities although raw scores were asked for"


@dataclass(frozen=True)
class Tei(Server):
    """A sequence classifier or reranker behind text-embeddings-inference; raw scores.

    Parameters
    ----------
    model:
        The model that the server must say it serves (``/info``).
    api:
        ``predict`` for classifiers, ``rerank`` for rerankers, which score an item's responses against its prompt.
    template:
        For predict: empty sends prompt and response as a pair, which the server's tokenizer joins; else a text with
        {prompt} and {response}, or ``chat:TOKENIZER``.
    label:
        For predict: the label whose score counts, for models with more than one.
    truncate:
        Whether the server may cut off what is longer than its model reads; else it refuses it.
    batch:
        Responses in a request; the server's own limit is 32 unless told otherwise.
    """

    family: ClassVar[str] = "tei"

    api: str = "predict"
    template: str = ""
    label: str = ""
    truncate: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.api not in APIS:
            raise UnknownNameError("interface of tei", self.api, APIS)
        if self.api == "rerank" and (self.template or self.label):
            raise SpecError("tei: api=rerank takes prompt and response apart, without template and label")
        if self.template:
            check_template("tei", self.template)

    def check_model(self) -> None:
        """Compare the model with what ``/info`` says, as no answer says it."""
        if self.model:
            info = self.get("/info")
            served = info.get("model_id") if isinstance(info, Mapping) else info
            self.compare_model(served if isinstance(served, str) else shown(served))

    def batches(self, units: Sequence[Unit]) -> list[Sequence[Unit]]:
        """One item's responses for rerank, else any."""
        return batches_by_item(units, self.batch) if self.api == "rerank" else super().batches(units)

    def path(self) -> str:
        """The interface's own."""
        return f"/{self.api}"

    def body(self, batch: Sequence[Unit]) -> dict[str, Any]:
        """A request for raw scores."""
        body: dict[str, Any] = {"raw_scores": True, "truncate": self.truncate}
        if self.api == "rerank":
            query = prompt_text(batch[0].item.prompt)
            return {**body, "query": query, "texts": [unit.text for unit in batch], "return_text": False}
        if self.template:
            return {**body, "inputs": [[rendered(self.template, unit.item.prompt or "", unit.text)] for unit in batch]}
        return {**body, "inputs": [[prompt_text(unit.item.prompt), unit.text] for unit in batch]}

    def read(self, answer: Any, n: int) -> list[Measured]:
        """Each response's raw score."""
        if self.api == "rerank":
            return [LEFT_OUT if entry is None else number(entry.get("score")) for entry in by_index(answer, "", n)]
        rows = list_of(answer, "", n)
        scores = [[one.get("score") if isinstance(one, Mapping) else one for one in row] for row in rows if _row(row)]
        if looks_activated(scores):
            raise BadAnswerError(ACTIVATED)
        return [self._of_labels(row) for row in rows]

    def _of_labels(self, row: Any) -> Measured:
        if not _row(row) or not all(isinstance(one, Mapping) for one in row):
            return Unscored(f"the server returned {shown(row)} instead of labels with scores")
        by_label = {str(one.get("label")): one.get("score") for one in row}
        if not self.label and len(row) == 1:
            return number(row[0].get("score"))
        if self.label not in by_label:
            have = ", ".join(sorted(by_label))
            return Unscored(
                f"the model has no label '{self.label}'" if self.label else f"say which label counts: {have}"
            )
        return number(by_label[self.label])


def _row(row: object) -> bool:
    return isinstance(row, list) and bool(row)


def tei(
    target: str | None = None,
    model: str = "",
    api: str = "predict",
    template: str = "",
    label: str = "",
    truncate: bool = False,
    batch: int = 16,
    concurrency: int = 32,
    timeout: float = 120.0,
    retries: int = 4,
    price: float = 0.0,
    api_key_env: str = "",
) -> Tei:
    """The scorer from a spec, ``tei:URL?api=predict``."""
    return Tei(
        target or "", model, batch, concurrency, timeout, retries, price, api_key_env, api, template, label, truncate
    )
