"""The families of metrics learned from human ratings of translations and summaries. May import `scoring` of ours."""

from __future__ import annotations

from rewardmeter.scoring import Checkpoint, Family

__all__ = ["FAMILIES"]

_NC = "CC-BY-NC-SA-4.0"

FAMILIES: tuple[Family, ...] = (
    Family(
        "comet",
        "rewardmeter.scorers.models.comet:Comet",
        "translation quality by a COMET, CometKiwi, UniTE or XCOMET checkpoint",
        reads=("prompt", "response", "references"),
        extra="hf",
        takes_target=True,
        group="learned metrics",
        checkpoints=(
            Checkpoint("comet:Unbabel/wmt22-comet-da", "Apache-2.0", note="source and reference"),
            Checkpoint("comet:Unbabel/wmt22-cometkiwi-da", _NC, False, "source only"),
            Checkpoint("comet:Unbabel/wmt23-cometkiwi-da-xl", _NC, False, "source only, 3.5 billion parameters"),
            Checkpoint("comet:Unbabel/unite-mup", "Apache-2.0", note="source and reference, or one of them"),
            Checkpoint("comet:Unbabel/XCOMET-XL", _NC, False, "with error spans, 3.5 billion parameters"),
            Checkpoint("comet:Unbabel/eamt22-cometinho-da", "Apache-2.0", note="small: a distilled MiniLM"),
        ),
    ),
    Family(
        "seq2seq-nli",
        "rewardmeter.scorers.models.seq2seq_nli:Seq2SeqNLI",
        "probability that a T5 or mT5 checkpoint answers 1 to premise and hypothesis (SEAHORSE, TRUE)",
        reads=("prompt", "response"),
        extra="hf",
        takes_target=True,
        group="learned metrics",
        checkpoints=(
            Checkpoint("seq2seq-nli:google/seahorse-large-q4", "CC-BY-4.0", note="summaries: attribution, mT5-L"),
            Checkpoint("seq2seq-nli:google/seahorse-xxl-q4", "CC-BY-4.0", note="summaries: attribution, mT5-XXL"),
            Checkpoint("seq2seq-nli:google/seahorse-xxl-q6", "CC-BY-4.0", note="summaries: conciseness, mT5-XXL"),
            Checkpoint("seq2seq-nli:google/t5_xxl_true_nli_mixture", "Apache-2.0", note="entailment, English, T5-XXL"),
        ),
    ),
    Family(
        "metricx",
        "rewardmeter.scorers.models.metricx:MetricX",
        "translation quality by a MetricX-23 or MetricX-24 checkpoint, as minus its error score",
        reads=("prompt", "response", "references"),
        extra="hf",
        takes_target=True,
        group="learned metrics",
        checkpoints=(
            Checkpoint("metricx:google/metricx-24-hybrid-large-v2p6", "Apache-2.0", note="source, reference or both"),
            Checkpoint("metricx:google/metricx-24-hybrid-xl-v2p6", "Apache-2.0", note="source, reference or both"),
            Checkpoint("metricx:google/metricx-24-hybrid-xxl-v2p6", "Apache-2.0", note="source, reference or both"),
            Checkpoint("metricx:google/metricx-23-xl-v2p0", "Apache-2.0", note="reference only"),
            Checkpoint("metricx:google/metricx-23-qe-xl-v2p0", "Apache-2.0", note="source only"),
        ),
    ),
)
