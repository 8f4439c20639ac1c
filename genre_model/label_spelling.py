"""What the spellings of one name have in common: of a genre, or of an artist."""

from __future__ import annotations

import re
import unicodedata

#: What people put between the words of one name, or leave out.
GAP = re.compile(r"[\s_.\u2010-\u2015\u2212-]+")
#: Typographic ones, and those that stand for them.
APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4`", "'"))
SPELLINGS_OF_AND = re.compile(r"[^\w&]*(?:&|\band\b|\bn\b)[^\w&]*")


def spelling_key(name: str) -> str:
    """Return the same for "Hip-Hop" and "hip hop", for "R&B" and "r and b".

    Nor do apostrophes matter, or whether an accent is a character of its own.
    """
    plain = name.translate(APOSTROPHES)
    folded = unicodedata.normalize("NFKC", plain).casefold()
    return GAP.sub("", SPELLINGS_OF_AND.sub("&", folded))
