"""Results as a terminal table, JSON, CSV and one HTML page. May import `types`, `errors` and `stats`."""
