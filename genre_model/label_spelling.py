"""Keys that spellings of one name have in common, of a genre or an artist."""

from __future__ import annotations

import re
import unicodedata

#: Between the words of a name, or left out.
GAP = re.compile(r"[\s_.\u2010-\u2015\u2212-]+")
APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4`", "'"))
SPELLINGS_OF_AND = re.compile(r"[^\w&]*(?:&|\band\b|\bn\b)[^\w&]*")


def spelling_key(name: str) -> str:
    """Return the same key for "Hip-Hop" and "hip hop", for "R&B" and "r and b".

    Kinds of apostrophes and the encoding of accents make no difference.
    """
    plain = name.translate(APOSTROPHES)
    folded = unicodedata.normalize("NFKC", plain).casefold()
    return GAP.sub("", SPELLINGS_OF_AND.sub("&", folded))
