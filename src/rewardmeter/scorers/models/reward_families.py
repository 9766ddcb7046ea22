"""The families of reward models and their well-known checkpoints. May import `scoring` of ours."""

from __future__ import annotations

from rewardmeter.scoring import Checkpoint, Family

__all__ = ["FAMILIES"]

_HERE = "rewardmeter.scorers.models"

_BOTH = ("prompt", "response")

_CLASSIFIERS = (
    Checkpoint("hf:Skywork/Skywork-Reward-V2-Qwen3-8B?dtype=bfloat16", "Apache-2.0", note="chat, general"),
    Checkpoint("hf:Skywork/Skywork-Reward-V2-Qwen3-4B?dtype=bfloat16", "Apache-2.0", note="chat, general"),
    Checkpoint(
        "hf:Skywork/Skywork-Reward-Llama-3.1-8B-v0.2?dtype=bfloat16", "Skywork Community License", note="chat, general"
    ),
    Checkpoint("hf:allenai/Llama-3.1-8B-Instruct-RM-RB2?dtype=bfloat16", "Llama 3.1", note="of RewardBench 2"),
    Checkpoint("hf:allenai/Llama-3.1-Tulu-3-8B-RM?dtype=bfloat16", "Llama 3.1", note="value model of Tülu 3"),
    Checkpoint(
        "hf:RLHFlow/ArmoRM-Llama3-8B-v0.1?dtype=bfloat16&trust_remote_code=true",
        "Llama 3",
        note="19 objectives, weighed by its own gate; brings code",
    ),
    Checkpoint(
        "hf:nicolinho/QRM-Llama3.1-8B-v2?dtype=bfloat16&trust_remote_code=true",
        "Llama 3",
        note="expectation of a reward distribution; brings code",
    ),
    Checkpoint("hf:OpenAssistant/reward-model-deberta-v3-large-v2?template=pair", "MIT", note="encoder, 512 tokens"),
)

_POLICIES = (
    Checkpoint(
        "dpo:HuggingFaceH4/zephyr-7b-beta?reference=HuggingFaceH4/mistral-7b-sft-beta&dtype=bfloat16",
        "MIT",
        note="chat",
    ),
    Checkpoint(
        "dpo:allenai/Llama-3.1-Tulu-3-8B-DPO?reference=allenai/Llama-3.1-Tulu-3-8B-SFT&dtype=bfloat16",
        "Llama 3.1",
        note="chat",
    ),
)

_PROCESS = (
    Checkpoint(
        "prm:Qwen/Qwen2.5-Math-PRM-7B?dtype=bfloat16&trust_remote_code=true",
        "Qwen",
        note="steps of mathematical solutions; brings code; commercial use on the licence's terms",
    ),
    Checkpoint(
        "prm:Qwen/Qwen2.5-Math-7B-PRM800K?dtype=bfloat16&trust_remote_code=true",
        "Qwen",
        note="baseline of ProcessBench; brings code; commercial use on the licence's terms",
    ),
)

FAMILIES: tuple[Family, ...] = (
    Family(
        "hf",
        f"{_HERE}.reward_model:RewardModel",
        "a reward model or another sequence classifier",
        reads=_BOTH,
        extra="hf",
        takes_target=True,
        group="reward model",
        checkpoints=_CLASSIFIERS,
    ),
    Family(
        "dpo",
        f"{_HERE}.implicit:ImplicitReward",
        "log-ratio of a policy and its reference",
        reads=_BOTH,
        extra="hf",
        takes_target=True,
        group="reward model",
        checkpoints=_POLICIES,
    ),
    Family(
        "prm",
        f"{_HERE}.process:ProcessReward",
        "a process reward model's steps, aggregated",
        reads=_BOTH,
        extra="hf",
        takes_target=True,
        group="reward model",
        checkpoints=_PROCESS,
    ),
)
