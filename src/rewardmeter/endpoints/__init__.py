"""Talking to servers: one client with pacing, retries, circuit breaking and a budget. May import `scoring`, `types`,
`errors`."""

from rewardmeter.endpoints.answers import Answer, Request, request_key
from rewardmeter.endpoints.client import Check, answer_all
from rewardmeter.endpoints.endpoint import Endpoint
from rewardmeter.endpoints.forecast import forecast_all
from rewardmeter.endpoints.tokens import estimated_tokens

__all__ = ["Answer", "Check", "Endpoint", "Request", "answer_all", "estimated_tokens", "forecast_all", "request_key"]
