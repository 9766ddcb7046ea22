"""Language models as scorers use them: a body whose states become logits, checked against the model itself.

May import `errors` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewardmeter.scorers.models.bodies import Body, close, make_body, probe_ids

__all__ = ["LanguageModel", "take_apart"]

ROWS_AT_ONCE = 1_024
"""Places whose logits are held at once: with 150,000 words, 600 MB in float32."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A body and what makes logits (places, vocabulary) of its states (places, hidden)."""

    body: Body
    logits: Callable[[Any], Any]

    def log_probabilities(self, states: Any, targets: Any) -> Any:
        """(n,) natural logarithms of the probability of token ``targets[i]`` after state i, in float32.

        Parameters
        ----------
        states:
            (n, hidden).
        targets:
            int64 (n,) on the same device.
        """
        import torch

        parts = []
        for start in range(0, len(targets), ROWS_AT_ONCE):
            logits = self.logits(states[start : start + ROWS_AT_ONCE]).float()
            chosen = logits.gather(1, targets[start : start + ROWS_AT_ONCE, None])[:, 0]
            parts.append(chosen - torch.logsumexp(logits, dim=1))
        return torch.cat(parts) if parts else states.new_zeros(0)


def take_apart(model: Any) -> LanguageModel:
    """The model as body and head where these give the model's own logits for a probe; else the model as a whole.

    Architectures differ in what they do to the logits (Gemma 2 caps, Cohere scales, Granite divides); what is not known
    here shows in the probe.
    """
    import torch

    inner = getattr(model, model.base_model_prefix, None)
    head = model.get_output_embeddings()
    if inner is not None and inner is not model and head is not None:
        body, to_logits = make_body(inner), _head(head, model.config.get_text_config())
        ids = probe_ids(model.config)
        with torch.inference_mode():
            whole = model(input_ids=torch.tensor([ids], device=body.device)).logits[0]
            apart = to_logits(body.states([ids], [np.arange(len(ids))]))
        if close(apart, whole):
            return LanguageModel(body, to_logits)
    return LanguageModel(make_body(model, "logits"), lambda logits: logits)


def _head(head: Any, config: Any) -> Callable[[Any], Any]:
    import torch

    cap = getattr(config, "final_logit_softcapping", None)
    times = float(getattr(config, "logit_scale", None) or 1) / float(getattr(config, "logits_scaling", None) or 1)

    def logits(states: Any) -> Any:
        found = head(states)
        if times != 1:
            found = found * times
        return torch.tanh(found / cap) * cap if cap else found

    return logits
