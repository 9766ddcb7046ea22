"""The families that compare texts by an encoder or by a language model's likelihood. May import `scoring` of ours."""

from __future__ import annotations

from rewardmeter.scoring import Checkpoint, Family

__all__ = ["FAMILIES"]

_HERE = "rewardmeter.scorers.models"


def _family(name: str, factory: str, summary: str, reads: tuple[str, ...], *checkpoints: Checkpoint) -> Family:
    return Family(
        name,
        f"{_HERE}.{factory}",
        summary,
        reads=reads,
        extra="hf",
        takes_target=True,
        group="text similarity",
        checkpoints=checkpoints,
    )


FAMILIES: tuple[Family, ...] = (
    _family(
        "embedding",
        "embedding:Embedding",
        "cosine similarity of sentence embeddings",
        ("response", "references"),
        Checkpoint("embedding:minilm", "Apache-2.0", note="all-MiniLM-L6-v2 from a package (extra minilm)"),
        Checkpoint("embedding:sentence-transformers/all-mpnet-base-v2", "Apache-2.0", note="English"),
        Checkpoint("embedding:BAAI/bge-base-en-v1.5", "MIT", note="English"),
        Checkpoint("embedding:intfloat/multilingual-e5-large?prefix=query:%20", "MIT", note="some 100 languages"),
    ),
    _family(
        "bertscore",
        "bertscore:BertScore",
        "tokens matched by the cosine of their hidden states",
        ("response", "references"),
        Checkpoint("bertscore:FacebookAI/roberta-large", "MIT", note="English, the authors' first choice"),
        Checkpoint("bertscore:microsoft/deberta-xlarge-mnli", "MIT", note="English, best with people in their table"),
        Checkpoint("bertscore:google-bert/bert-base-multilingual-cased", "Apache-2.0", note="104 languages"),
        Checkpoint("bertscore:minilm", "Apache-2.0", note="all-MiniLM-L6-v2 from a package (extra minilm)"),
    ),
    _family(
        "nli",
        "nli:Entailment",
        "probability that the prompt, or a reference, entails the response",
        ("prompt", "response"),
        Checkpoint("nli:FacebookAI/roberta-large-mnli", "MIT", note="English"),
        Checkpoint("nli:cross-encoder/nli-deberta-v3-base", "Apache-2.0", note="English"),
        Checkpoint("nli:microsoft/deberta-v2-xlarge-mnli", "MIT", note="English"),
        Checkpoint("nli:MoritzLaurer/DeBERTa-v3-large-mnli-fever-anli-ling-wanli", "MIT", note="English"),
        Checkpoint("nli:facebook/bart-large-mnli", "MIT", note="English"),
    ),
    _family(
        "bartscore",
        "likelihood:BartScore",
        "mean log-probability of the response given the prompt, by an encoder-decoder",
        ("prompt", "response"),
        Checkpoint("bartscore:facebook/bart-large-cnn", "MIT", note="English summaries, the authors' first choice"),
        Checkpoint("bartscore:google/flan-t5-large", "Apache-2.0", note="instruction-tuned"),
    ),
    _family(
        "gptscore",
        "likelihood:GptScore",
        "mean log-probability of the response after the prompt, by a language model",
        ("prompt", "response"),
        Checkpoint("gptscore:openai-community/gpt2-large", "MIT", note="English"),
        Checkpoint("gptscore:Qwen/Qwen2.5-0.5B", "Apache-2.0", note="multilingual"),
        Checkpoint("gptscore:facebook/opt-1.3b", "OPT licence", commercial=False, note="one of the paper's models"),
    ),
)
