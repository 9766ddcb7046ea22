"""Reward models and metrics behind a server.

Importing this package imports none of them. May import `scoring` of ours.
"""

from __future__ import annotations

from rewardmeter.scoring import Family

__all__ = ["FAMILIES"]

_HERE = "rewardmeter.scorers.remote"
_PAIR = ("prompt", "response")
_ALL = ("prompt", "response", "references")


def _server(name: str, factory: str, summary: str, reads: tuple[str, ...]) -> Family:
    return Family(name, f"{_HERE}.{factory}", summary, reads=reads, takes_target=True, group="remote")


FAMILIES: tuple[Family, ...] = (
    _server("vllm", "vllm:vllm", "a reward model behind vLLM (/classify, /pooling, /score), raw logits", _PAIR),
    _server("tei", "tei:tei", "a classifier or reranker behind text-embeddings-inference, raw scores", _PAIR),
    _server("openrlhf", "openrlhf:openrlhf", "a reward server of OpenRLHF's kind (/get_reward)", _ALL),
    _server("json-endpoint", "json_endpoint:json_endpoint", "a server of one's own that speaks plain JSON", _ALL),
)
