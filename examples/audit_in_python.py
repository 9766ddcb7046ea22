"""The audit from Python: the data alone, and a scorer that loves length."""

import rewardmeter as rm

data = rm.load("demo:pairs")
print(rm.audit(data)["shorter"].estimate, "of the pairs are won by the shorter response")


@rm.scorer
def wordy(prompt: str, response: str) -> float:
    """Shares of the prompt's words, and a point for every 20 characters."""
    asked = set(prompt.lower().split())
    return 10 * len(asked & set(response.lower().split())) / max(len(asked), 1) + len(response) / 20


made = rm.audit(data, [("wordy", wordy)], units=30, store=None)
print(made)
