"""What requests would cost, without asking. May import `scoring`, `types`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from rewardmeter.endpoints.answers import Request, request_key
from rewardmeter.endpoints.endpoint import Endpoint
from rewardmeter.scoring import Run
from rewardmeter.types import Cost

__all__ = ["forecast_all"]


def forecast_all(endpoint: Endpoint, requests: Iterable[Request], run: Run) -> Cost:
    """Calls, tokens and dollars that asking would take, what the memory holds and repetitions left out.

    Input tokens are estimated (see `estimated_tokens`), output tokens are the most that each request allows; a
    request without a limit adds none, and its price is unknown. Repeated sending after errors is not counted.
    """
    source, seen, cost = iter(requests), set[bytes](), Cost()
    while some := list(itertools.islice(source, 256)):
        keyed = {request_key(request): request for request in some}
        fresh = [key for key in keyed if key not in seen]
        kept = run.memory.recall(fresh)
        seen.update(fresh)
        for key in fresh:
            if key not in kept:
                one, read = keyed[key], keyed[key].input_tokens
                cost = cost + Cost(0.0, endpoint.price(read, one.most_output), read, one.output_tokens or 0, 1)
    return cost
