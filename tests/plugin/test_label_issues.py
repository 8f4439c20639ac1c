"""Doubts: which tracks, in which order, in which words."""

from __future__ import annotations

import random

import pytest

from beetsplug.genreclf.policy.label_issues import Doubt, Verdict, examine, worst_first
from beetsplug.genreclf.policy.vocabulary import GenreNames

LABELS = ("blues", "hip hop", "pop", "rock")
NAMES = GenreNames(LABELS, label_map={}, aliases=True)

SURE_OF_BLUES = {"blues": 0.90, "hip hop": 0.01, "pop": 0.03, "rock": 0.06}
POP_OR_ROCK = {"blues": 0.25, "hip hop": 0.15, "pop": 0.40, "rock": 0.20}
EVEN = dict.fromkeys(LABELS, 0.25)

#: present genres, what the model hears; the verdict, what is said of a doubt
VERDICTS = {
    "the model agrees": (["Blues"], SURE_OF_BLUES, Verdict.AGREES, None),
    "by another name": (["Delta Blues"], SURE_OF_BLUES, Verdict.AGREES, None),
    "it hears something else": (
        ["Rock"],
        SURE_OF_BLUES,
        Verdict.DOUBTED,
        "Rock 0.06, heard blues 0.90",
    ),
    "in the words of the tag": (
        ["Hip-Hop/Rap"],
        SURE_OF_BLUES,
        Verdict.DOUBTED,
        "Hip-Hop/Rap 0.01, heard blues 0.90",
    ),
    "the best of the others is named": (
        ["Hip Hop"],
        POP_OR_ROCK,
        Verdict.DOUBTED,
        "Hip Hop 0.15, heard pop 0.40",
    ),
    "a likely genre beside the best is doubted": (
        ["Blues"],
        POP_OR_ROCK,
        Verdict.DOUBTED,
        "Blues 0.25, heard pop 0.40",
    ),
    "as likely as another is enough": (["Rock"], EVEN, Verdict.AGREES, None),
    "one name of two labels counts both": (["Pop/Rock"], POP_OR_ROCK, Verdict.AGREES, None),
    "two genres count both": (["Blues", "Rock"], POP_OR_ROCK, Verdict.AGREES, None),
    "two genres are summed": (
        ["Rock", "Hip Hop"],
        POP_OR_ROCK | {"rock": 0.1, "pop": 0.5},
        Verdict.DOUBTED,
        "Rock; Hip Hop 0.25, heard pop 0.50",
    ),
    "two names of one label count it once": (
        ["Rock", "Hard Rock"],
        POP_OR_ROCK,
        Verdict.DOUBTED,
        "Rock; Hard Rock 0.20, heard pop 0.40",
    ),
    "beside a known genre an unknown one is shown": (
        ["Polka", "Rock"],
        SURE_OF_BLUES,
        Verdict.DOUBTED,
        "Polka; Rock 0.06, heard blues 0.90",
    ),
    "beside a genre a blank is not shown": (
        ["", "Rock"],
        SURE_OF_BLUES,
        Verdict.DOUBTED,
        "Rock 0.06, heard blues 0.90",
    ),
    "an unknown genre": (["Polka"], SURE_OF_BLUES, Verdict.LACKING_GENRE, None),
    "unknown genres": (["Polka", "R&B"], SURE_OF_BLUES, Verdict.LACKING_GENRE, None),
    "no genre": ([], SURE_OF_BLUES, Verdict.NO_GENRE, None),
    "blanks are no genre": (["", " "], SURE_OF_BLUES, Verdict.NO_GENRE, None),
    "all genres leave nothing to hear": (list(LABELS), EVEN, Verdict.AGREES, None),
}


LIVE_ROCK = {"blues": 0.10, "live": 0.88, "pop": 0.30, "rock": 0.93}
STUDIO_POP = {"blues": 0.02, "live": 0.03, "pop": 0.97, "rock": 0.60}
NOTHING_LIKELY = {"blues": 0.10, "live": 0.30, "pop": 0.40, "rock": 0.45}

#: The same, where several labels can be right at once.
MULTI_LABEL_VERDICTS = {
    "both are probable": (["Rock", "Live"], LIVE_ROCK, Verdict.AGREES, None),
    "one of what is probable is enough": (["Live"], LIVE_ROCK, Verdict.AGREES, None),
    "probable is enough, though another is more probable": (
        ["Rock"],
        STUDIO_POP,
        Verdict.AGREES,
        None,
    ),
    "an even chance is enough": (
        ["Rock"],
        STUDIO_POP | {"rock": 0.5},
        Verdict.AGREES,
        None,
    ),
    "less is not": (
        ["Rock"],
        STUDIO_POP | {"rock": 0.49},
        Verdict.DOUBTED,
        "Rock 0.49, heard pop 0.97",
    ),
    "the least probable speaks for all": (
        ["Rock", "Live"],
        STUDIO_POP,
        Verdict.DOUBTED,
        "Rock; Live 0.03, heard pop 0.97",
    ),
    "in whatever order": (
        ["Live", "Rock"],
        STUDIO_POP,
        Verdict.DOUBTED,
        "Live; Rock 0.03, heard pop 0.97",
    ),
    "they do not add up": (
        ["Blues", "Pop"],
        LIVE_ROCK | {"blues": 0.45, "pop": 0.48},
        Verdict.DOUBTED,
        "Blues; Pop 0.45, heard rock 0.93",
    ),
    "the least probable of several, though the others are what is heard": (
        ["Pop", "Rock", "Live"],
        LIVE_ROCK,
        Verdict.DOUBTED,
        "Pop; Rock; Live 0.30, heard rock 0.93",
    ),
    "improbable, but nothing else is more probable": (
        ["Rock"],
        NOTHING_LIKELY,
        Verdict.AGREES,
        None,
    ),
    "improbable, and another is a little less so": (
        ["Pop"],
        NOTHING_LIKELY,
        Verdict.DOUBTED,
        "Pop 0.40, heard rock 0.45",
    ),
    "improbable, and another is just as improbable": (
        ["Pop"],
        NOTHING_LIKELY | {"rock": 0.40},
        Verdict.AGREES,
        None,
    ),
    "one name of two labels is as probable as the better one": (
        ["Pop/Rock"],
        LIVE_ROCK,
        Verdict.AGREES,
        None,
    ),
    "two names of one label are as probable as one": (
        ["Blues", "Delta Blues"],
        LIVE_ROCK,
        Verdict.DOUBTED,
        "Blues; Delta Blues 0.10, heard rock 0.93",
    ),
    "an unknown one beside it says nothing": (
        ["Polka", "Rock"],
        LIVE_ROCK,
        Verdict.AGREES,
        None,
    ),
    "a blank beside it says nothing": (["", "Rock"], LIVE_ROCK, Verdict.AGREES, None),
    "an unknown genre": (["Polka"], LIVE_ROCK, Verdict.LACKING_GENRE, None),
    "no genre": ([""], LIVE_ROCK, Verdict.NO_GENRE, None),
    "all genres at once": (
        ["Blues", "Live", "Pop", "Rock"],
        LIVE_ROCK,
        Verdict.DOUBTED,
        "Blues; Live; Pop; Rock 0.10, heard rock 0.93",
    ),
    "a label without a score is improbable": (
        ["Live"],
        {"blues": 0.1, "pop": 0.9, "rock": 0.8},
        Verdict.DOUBTED,
        "Live 0.00, heard pop 0.90",
    ),
}


def doubt(name: str, *, present: float, heard: float) -> Doubt:
    return Doubt(name, ("Rock",), present, "blues", heard)


@pytest.mark.parametrize(
    ("genres", "scores", "verdict", "said"), VERDICTS.values(), ids=VERDICTS
)
def test_verdicts(
    genres: list[str], scores: dict[str, float], verdict: Verdict, said: str | None
) -> None:
    found, doubted = examine("Ann - Song", genres, scores, NAMES)

    assert found is verdict
    assert (doubted and doubted.line()) == (said and f"Ann - Song: {said}")


@pytest.mark.parametrize(
    ("genres", "scores", "verdict", "said"),
    MULTI_LABEL_VERDICTS.values(),
    ids=MULTI_LABEL_VERDICTS,
)
def test_verdicts_of_a_multi_label_model(
    genres: list[str], scores: dict[str, float], verdict: Verdict, said: str | None
) -> None:
    names = GenreNames(("blues", "live", "pop", "rock"), label_map={}, aliases=True)

    found, doubted = examine("Ann - Song", genres, scores, names, multi_label=True)

    assert found is verdict
    assert (doubted and doubted.line()) == (said and f"Ann - Song: {said}")


def test_what_a_doubt_holds() -> None:
    _, doubted = examine("Ann - Song", ["Hard Rock"], SURE_OF_BLUES, NAMES)

    assert doubted == Doubt("Ann - Song", ("Hard Rock",), 0.06, "blues", 0.90)
    assert doubted.margin == pytest.approx(0.84, abs=1e-12)


def test_the_worst_comes_first() -> None:
    # Not by how improbable the genre is, nor by how sure the model is of the other.
    in_order = [
        doubt("sure", present=0.03, heard=0.90),
        doubt("surest", present=0.08, heard=0.92),
        doubt("least likely", present=0.01, heard=0.50),
        doubt("close", present=0.45, heard=0.47),
    ]
    shuffled = random.Random(0).sample(in_order, k=len(in_order))  # noqa: S311

    assert worst_first(shuffled) == in_order


def test_equally_bad_ones_follow_their_names() -> None:
    first, second = (doubt(name, present=0.1, heard=0.8) for name in ("Ann", "Bob"))

    assert worst_first([second, first]) == [first, second]
