"""Label issues: which tracks, in which order, in which words."""

from __future__ import annotations

import random

import pytest

from beetsplug.genreclf.evaluation.label_issues import LabelIssue, find_issue, worst_first
from beetsplug.genreclf.policy.vocabulary import GenreNames

LABELS = ("blues", "hip hop", "pop", "rock")
NAMES = GenreNames(LABELS, label_map={}, aliases=True)

BLUES = {"blues": 0.90, "hip hop": 0.01, "pop": 0.03, "rock": 0.06}
POP = {"blues": 0.25, "hip hop": 0.15, "pop": 0.40, "rock": 0.20}
CLEAR_POP = POP | {"rock": 0.1, "pop": 0.5}
EVEN = dict.fromkeys(LABELS, 0.25)

#: current genres, prediction; the issue, "" if there is none
EXCLUSIVE = {
    "the model agrees": (["Blues"], BLUES, ""),
    "by another name": (["Delta Blues"], BLUES, ""),
    "another label": (["Rock"], BLUES, "Rock 0.06, heard blues 0.90"),
    "as in the tag": (["Hip-Hop/Rap"], BLUES, "Hip-Hop/Rap 0.01, heard blues 0.90"),
    "the best of the others": (["Hip Hop"], POP, "Hip Hop 0.15, heard pop 0.40"),
    "likely, but not the best": (["Blues"], POP, "Blues 0.25, heard pop 0.40"),
    "as likely as another": (["Rock"], EVEN, ""),
    "one name of two labels counts both": (["Pop/Rock"], POP, ""),
    "two genres count both": (["Blues", "Rock"], POP, ""),
    "a sum": (["Rock", "Hip Hop"], CLEAR_POP, "Rock; Hip Hop 0.25, heard pop 0.50"),
    "two names of one label count it once": (
        ["Rock", "Hard Rock"],
        POP,
        "Rock; Hard Rock 0.20, heard pop 0.40",
    ),
    "an unknown one is shown": (
        ["Polka", "Rock"],
        BLUES,
        "Polka; Rock 0.06, heard blues 0.90",
    ),
    "a blank is not shown": (["", "Rock"], BLUES, "Rock 0.06, heard blues 0.90"),
    "all genres": (list(LABELS), EVEN, ""),
}

LIVE = {"blues": 0.10, "live": 0.88, "pop": 0.30, "rock": 0.93}
STUDIO = {"blues": 0.02, "live": 0.03, "pop": 0.97, "rock": 0.60}
UNLIKELY = {"blues": 0.10, "live": 0.30, "pop": 0.40, "rock": 0.45}
NO_LIVE = {"blues": 0.1, "pop": 0.9, "rock": 0.8}

#: The same, where several labels can be right at once.
MULTI_LABEL = {
    "both are probable": (["Rock", "Live"], LIVE, ""),
    "one of what is probable": (["Live"], LIVE, ""),
    "probable, and another more so": (["Rock"], STUDIO, ""),
    "an even chance": (["Rock"], STUDIO | {"rock": 0.5}, ""),
    "less": (["Rock"], STUDIO | {"rock": 0.49}, "Rock 0.49, heard pop 0.97"),
    "the least probable": (["Rock", "Live"], STUDIO, "Rock; Live 0.03, heard pop 0.97"),
    "in any order": (["Live", "Rock"], STUDIO, "Live; Rock 0.03, heard pop 0.97"),
    "no sum": (
        ["Blues", "Pop"],
        LIVE | {"blues": 0.45, "pop": 0.48},
        "Blues; Pop 0.45, heard rock 0.93",
    ),
    "the least probable, though the other is current, too": (
        ["Pop", "Rock", "Live"],
        LIVE,
        "Pop; Rock; Live 0.30, heard rock 0.93",
    ),
    "improbable, nothing more probable": (["Rock"], UNLIKELY, ""),
    "improbable, another less so": (["Pop"], UNLIKELY, "Pop 0.40, heard rock 0.45"),
    "improbable, another just as": (["Pop"], UNLIKELY | {"rock": 0.40}, ""),
    "the better of two labels of one name": (["Pop/Rock"], LIVE, ""),
    "two names of one label": (
        ["Blues", "Delta Blues"],
        LIVE,
        "Blues; Delta Blues 0.10, heard rock 0.93",
    ),
    "an unknown one beside it": (["Polka", "Rock"], LIVE, ""),
    "a blank beside it": (["", "Rock"], LIVE, ""),
    "all genres": (
        ["Blues", "Live", "Pop", "Rock"],
        LIVE,
        "Blues; Live; Pop; Rock 0.10, heard rock 0.93",
    ),
    "a label without a score": (["Live"], NO_LIVE, "Live 0.00, heard pop 0.90"),
}

CASES = [
    pytest.param(*case, multi_label, id=f"{name} ({multi_label})")
    for multi_label, cases in ((False, EXCLUSIVE), (True, MULTI_LABEL))
    for name, case in cases.items()
]


@pytest.mark.parametrize(("genres", "scores", "expected", "multi_label"), CASES)
def test_issue(
    genres: list[str], scores: dict[str, float], expected: str, multi_label: bool
) -> None:
    labels = ("blues", "live", "pop", "rock") if multi_label else LABELS
    names = GenreNames(labels, label_map={}, aliases=True)

    issue = find_issue("Ann - Song", genres, scores, names, multi_label=multi_label)

    assert (issue.line() if issue else "") == (expected and f"Ann - Song: {expected}")


def test_what_an_issue_holds() -> None:
    issue = find_issue("Ann - Song", ["Hard Rock"], BLUES, NAMES)

    assert issue == LabelIssue("Ann - Song", ("Hard Rock",), 0.06, "blues", 0.90)
    assert issue.margin == pytest.approx(0.84, abs=1e-12)


def test_the_worst_comes_first_and_equal_ones_by_name() -> None:
    # Not by how improbable the genre is, nor by how sure the model is of the other.
    in_order = [
        LabelIssue(name, ("Rock",), probability, "blues", other)
        for name, probability, other in (
            ("sure", 0.03, 0.90),
            ("surest", 0.08, 0.92),
            ("Ann", 0.1, 0.8),
            ("Bob", 0.1, 0.8),
            ("least likely", 0.01, 0.50),
            ("close", 0.45, 0.47),
        )
    ]
    shuffled = random.Random(0).sample(in_order, k=len(in_order))  # noqa: S311

    assert worst_first(shuffled) == in_order
