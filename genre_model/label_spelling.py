"""What the spellings of one label have in common."""

from __future__ import annotations

import re
import unicodedata

#: What people put between the words of one name, or leave out.
GAP = re.compile(r"[\s_.\u2010-\u2013-]+")
SPELLINGS_OF_AND = re.compile(r"[^\w&]*(?:&|\band\b|\bn\b)[^\w&]*")


def spelling_key(name: str) -> str:
    """Return the same for "Hip-Hop" and "hip hop", for "R&B" and "r and b"."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return GAP.sub("", SPELLINGS_OF_AND.sub("&", folded))
