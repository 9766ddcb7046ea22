"""Where a server is, how fast it may be asked, and what it charges. May import `errors`."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from rewardmeter.errors import SpecError

__all__ = ["DEFAULT_BASE_URL", "Endpoint"]

DEFAULT_BASE_URL = "https://api.openai.com/v1"
_URL_VARIABLE, _KEY_VARIABLE = "OPENAI_BASE_URL", "OPENAI_API_KEY"
_POSITIVE = ("timeout", "requests_per_minute", "tokens_per_minute", "longest_wait", "patience", "cooldown")


@dataclass(frozen=True)
class Endpoint:
    """A server and how to treat it. Nothing here can move a score; keep it out of signatures.

    Parameters
    ----------
    base_url:
        Address that request paths are appended to. Empty: the environment variable OPENAI_BASE_URL, else OpenAI's.
    api_key_env:
        Name of the environment variable that holds the key. Empty: OPENAI_API_KEY, but only where `base_url` is empty
        too, so that no key goes to a server that it was not made for. The key itself is read when requests are sent
        and is never a field, a part of a name, a log line or a stored value.
    timeout:
        Seconds that one request may take, from sending to the last byte of the answer.
    most_concurrent:
        Most requests under way; how many really are adapts to what the server bears.
    requests_per_minute, tokens_per_minute:
        Limits to keep; None for none. Tokens are counted as estimated, output at its maximum.
    retries:
        How often a request is sent again after errors and broken answers.
    input_price, output_price:
        Dollars per million tokens; None where unknown.
    backoff:
        Seconds before the first repetition, doubled for each further one, with jitter.
    longest_wait:
        Most seconds between two attempts; a server that asks for more (Retry-After) has refused.
    patience:
        Seconds over which one request puts up with being told to slow down (429), which does not count as a retry, and
        after which a server that tells all requests so is given up.
    give_up_after:
        Failures in a row, over all requests, after which sending pauses.
    cooldown:
        Seconds of the first such pause; one request then probes. After three probes in vain everything that is open
        has failed.

    Raises
    ------
    SpecError
        If the address is none or holds a password, or a number is out of range.
    """

    base_url: str = ""
    api_key_env: str = ""
    timeout: float = 120.0
    most_concurrent: int = 32
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    retries: int = 4
    input_price: float | None = None
    output_price: float | None = None
    backoff: float = 0.5
    longest_wait: float = 60.0
    patience: float = 600.0
    give_up_after: int = 8
    cooldown: float = 1.0

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise SpecError(f"endpoint: {name}={value} must be a positive number")
        if self.most_concurrent < 1 or self.give_up_after < 1 or self.retries < 0 or not 0 <= self.backoff < math.inf:
            raise SpecError("endpoint: most_concurrent and give_up_after must be at least 1, retries and backoff 0")
        for name in ("input_price", "output_price"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise SpecError(f"endpoint: {name}={value} must be dollars per million tokens, 0 or more")
        if self.base_url:
            _check_address(self.base_url)

    @property
    def address(self) -> str:
        """The base address in force, without a slash at its end.

        Raises
        ------
        SpecError
            If OPENAI_BASE_URL is no address.
        """
        address = self.base_url or os.environ.get(_URL_VARIABLE, "") or DEFAULT_BASE_URL
        _check_address(address)
        return address.rstrip("/")

    def key(self) -> str | None:
        """The key from the environment; None where the server is asked without one.

        Raises
        ------
        SpecError
            If `api_key_env` names a variable that is not set.
        """
        if self.api_key_env:
            key = os.environ.get(self.api_key_env, "").strip()
            if not key:
                raise SpecError(f"the environment variable {self.api_key_env} (api_key_env) is not set")
            return key
        return None if self.base_url else os.environ.get(_KEY_VARIABLE, "").strip() or None

    def price(self, input_tokens: float, output_tokens: float) -> float:
        """Dollars for so many tokens; NaN where a price or a number that matters is unknown."""
        dollars = 0.0
        for price, tokens in ((self.input_price, input_tokens), (self.output_price, output_tokens)):
            if tokens and price != 0:
                dollars += math.nan if price is None else price * tokens / 1e6
        return dollars


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise SpecError(f"'{address}' is no server address; write for example http://localhost:8000/v1")
    if parts.username or parts.password:
        raise SpecError(
            "a server address must not hold a user or a password; name the variable with the key in api_key_env"
        )
