"""The board from Python: load, compare, look inside."""

import rewardmeter as rm


@rm.scorer
def has_digit(response: str) -> float:
    return float(any(character.isdigit() for character in response))


data = rm.load("demo")
board = rm.compare(data, ["chrf", "rouge-l", "length", has_digit], slices=["task"], resamples=200)
print(board)
chrf = board["chrf"]
print("chrF by item:", chrf.segment.pearson.by_item)
print("chrF pooled: ", chrf.segment.pearson.pooled)
for task, (n, statistics) in chrf.slices["task"].items():
    print(f"{task} ({n} items): {statistics['segment.pearson.item']}")
