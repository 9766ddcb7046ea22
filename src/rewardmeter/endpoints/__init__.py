"""Talking to servers: one client with pacing, retries, circuit breaking and a budget. May import `scoring`, `types`,
`errors`."""
