"""The pattern of one emoji as a reader sees it (Unicode Technical Standard #51). Imports nothing of ours."""

from __future__ import annotations

import re

__all__ = ["EMOJI", "EMOJI_BY_DEFAULT"]

# Property Emoji_Presentation of Unicode 17 without the regional indicators: characters drawn as emoji on their own.
EMOJI_BY_DEFAULT = (
    "231A-231B 23E9-23EC 23F0 23F3 25FD-25FE 2614-2615 2648-2653 267F 2693 26A1 26AA-26AB 26BD-26BE 26C4-26C5 26CE 26D4"
    " 26EA 26F2-26F3 26F5 26FA 26FD 2705 270A-270B 2728 274C 274E 2753-2755 2757 2795-2797 27B0 27BF 2B1B-2B1C 2B50"
    " 2B55 1F004 1F0CF 1F18E 1F191-1F19A 1F201 1F21A 1F22F 1F232-1F236 1F238-1F23A 1F250-1F251 1F300-1F320 1F32D-1F335"
    " 1F337-1F37C 1F37E-1F393 1F3A0-1F3CA 1F3CF-1F3D3 1F3E0-1F3F0 1F3F4 1F3F8-1F43E 1F440 1F442-1F4FC 1F4FF-1F53D"
    " 1F54B-1F54E 1F550-1F567 1F57A 1F595-1F596 1F5A4 1F5FB-1F64F 1F680-1F6C5 1F6CC 1F6D0-1F6D2 1F6D5-1F6D9 1F6DC-1F6DF"
    " 1F6EB-1F6EC 1F6F4-1F6FC 1F7E0-1F7EB 1F7F0 1F90C-1F93A 1F93C-1F945 1F947-1F9FF 1FA70-1FA7C 1FA80-1FAC6 1FAC8"
    " 1FACC-1FADD 1FADF-1FAEB 1FAEF-1FAFA"
)


def _character_class(ranges: str) -> str:
    ends = (part.split("-") for part in ranges.split())
    return "".join("-".join(chr(int(end, 16)) for end in pair) for pair in ends)


_SELECTOR, _JOINER, _KEYCAP = "\ufe0f", "\u200d", "\u20e3"
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_TAIL = f"[\U0001f3fb-\U0001f3ff]?{_KEYCAP}?[\U000e0020-\U000e007f]*"
_ONE = f"(?:[{_character_class(EMOJI_BY_DEFAULT)}]{_SELECTOR}?|[^\\s]{_SELECTOR}){_TAIL}"

EMOJI = re.compile(f"{_FLAG}|{_ONE}(?:{_JOINER}[^\\s]{_SELECTOR}?{_TAIL})*")
"""One emoji: a flag, or a pictograph with its modifiers and whatever joiners attach to it."""
