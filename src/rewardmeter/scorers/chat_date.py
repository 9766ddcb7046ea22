"""The day that chat templates print: always the same, so that a score does not depend on the day. May import nothing.

Templates of the Llama 3 kind write today's date into the system turn; without a clock they write the date below.
"""

from __future__ import annotations

import datetime as dt

__all__ = ["CHAT_DATE", "with_fixed_date"]

CHAT_DATE = dt.datetime(2024, 7, 26)
"""What Llama 3.2's template writes where it has no clock ("26 Jul 2024")."""

_CODES = "aAbBdHIjmMpSyY"
_REPLACED = "".join(f' | replace("%{code}", "{CHAT_DATE.strftime("%" + code)}")' for code in _CODES)
_CLOCK = f"{{% macro strftime_now(pattern) %}}{{{{ pattern{_REPLACED} }}}}{{% endmacro +%}}"
"""Jinja: the function that transformers gives to templates, as a macro, since it takes no functions from outside."""


def with_fixed_date(template: str) -> str:
    """The Jinja template with a clock that stands at `CHAT_DATE`; the same text where it asks for no date."""
    return _CLOCK + template if "strftime_now" in template else template
