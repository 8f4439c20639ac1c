"""The policy as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from beetsplug.genreclf.options import Options
from beetsplug.genreclf.tags import Outcome, choose_album_genre, choose_tags, has_genre

DEFAULT = Options(
    auto=True,
    force=False,
    pretend=False,
    quiet=False,
    min_confidence=0.45,
    title_case=True,
    model=None,
    threads=1,
)
FORCE = replace(DEFAULT, force=True)
AS_SPELLED = replace(DEFAULT, title_case=False)
NEVER_UNSURE = replace(DEFAULT, min_confidence=0.0)
ONLY_CERTAIN = replace(DEFAULT, min_confidence=1.0)

#: options, best genre, its probability, present genres; outcome, genres, reason
POLICY = {
    "empty is filled": (
        (DEFAULT, "blues", 0.83, []),
        (Outcome.TAGGED, ("Blues",), "Blues 0.83"),
    ),
    "one empty text is empty": (
        (DEFAULT, "blues", 0.83, [""]),
        (Outcome.TAGGED, ("Blues",), "Blues 0.83"),
    ),
    "blanks are empty": (
        (DEFAULT, "blues", 0.83, [" ", ""]),
        (Outcome.TAGGED, ("Blues",), "Blues 0.83"),
    ),
    "a genre stays": (
        (DEFAULT, "rock", 0.99, ["Pop"]),
        (Outcome.HAD_GENRE, None, "already Pop"),
    ),
    "several genres stay": (
        (DEFAULT, "rock", 0.99, ["Pop", "Soul"]),
        (Outcome.HAD_GENRE, None, "already Pop, Soul"),
    ),
    "a genre beside a blank stays": (
        (DEFAULT, "rock", 0.99, ["", "Pop"]),
        (Outcome.HAD_GENRE, None, "already Pop"),
    ),
    "unsure leaves empty": (
        (DEFAULT, "rock", 0.31, []),
        (Outcome.UNSURE, None, "unsure (rock 0.31 < 0.45)"),
    ),
    "the threshold itself is enough": (
        (DEFAULT, "rock", 0.45, []),
        (Outcome.TAGGED, ("Rock",), "Rock 0.45"),
    ),
    "just below is not rounded up": (
        (DEFAULT, "rock", 0.4499, []),
        (Outcome.UNSURE, None, "unsure (rock 0.44 < 0.45)"),
    ),
    "no threshold": (
        (NEVER_UNSURE, "rock", 0.11, []),
        (Outcome.TAGGED, ("Rock",), "Rock 0.11"),
    ),
    "the highest threshold": (
        (ONLY_CERTAIN, "rock", 0.99, []),
        (Outcome.UNSURE, None, "unsure (rock 0.99 < 1)"),
    ),
    "force replaces": (
        (FORCE, "rock", 0.83, ["Pop"]),
        (Outcome.TAGGED, ("Rock",), "Rock 0.83 (was: Pop)"),
    ),
    "force replaces several": (
        (FORCE, "rock", 0.83, ["Pop", "Soul"]),
        (Outcome.TAGGED, ("Rock",), "Rock 0.83 (was: Pop, Soul)"),
    ),
    "force replaces the same and more": (
        (FORCE, "rock", 0.83, ["Rock", "Soul"]),
        (Outcome.TAGGED, ("Rock",), "Rock 0.83 (was: Rock, Soul)"),
    ),
    "force never erases": (
        (FORCE, "rock", 0.31, ["Pop"]),
        (Outcome.UNSURE, None, "unsure (rock 0.31 < 0.45)"),
    ),
    "force fills": (
        (FORCE, "rock", 0.83, []),
        (Outcome.TAGGED, ("Rock",), "Rock 0.83"),
    ),
    "force agrees": (
        (FORCE, "rock", 0.83, ["Rock"]),
        (Outcome.UNCHANGED, None, "Rock 0.83 (unchanged)"),
    ),
    "force corrects the spelling": (
        (FORCE, "rock", 0.83, ["rock"]),
        (Outcome.TAGGED, ("Rock",), "Rock 0.83 (was: rock)"),
    ),
    "title case of two words": (
        (DEFAULT, "hip hop", 0.83, []),
        (Outcome.TAGGED, ("Hip Hop",), "Hip Hop 0.83"),
    ),
    "title case off": (
        (AS_SPELLED, "hip hop", 0.83, []),
        (Outcome.TAGGED, ("hip hop",), "hip hop 0.83"),
    ),
}


@pytest.mark.parametrize(("given", "expected"), POLICY.values(), ids=POLICY.keys())
def test_policy(
    given: tuple[Options, str, float, list[str]],
    expected: tuple[Outcome, tuple[str, ...] | None, str],
) -> None:
    options, genre, confidence, present = given

    decision = choose_tags([(genre, confidence), ("jazz", 0.0)], present, options)

    assert (decision.outcome, decision.genres, decision.reason) == expected


@pytest.mark.parametrize(
    ("genres", "expected"),
    [([], False), ([""], False), (["", "  "], False), (["x"], True), (["", "x"], True)],
)
def test_has_genre(genres: list[str], expected: bool) -> None:
    assert has_genre(genres) is expected


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        pytest.param([], None, id="no track"),
        pytest.param([([], 0.0), ([""], 0.0)], None, id="no genre"),
        pytest.param([(["Rock"], 0.5)], "Rock", id="one track"),
        pytest.param(
            [(["Pop"], 0.9), (["Rock"], 0.5), (["Rock"], 0.5)], "Rock", id="majority"
        ),
        pytest.param(
            [(["Pop"], 0.6), (["Rock"], 0.9)], "Rock", id="a tie goes to the surer"
        ),
        pytest.param([(["Pop"], 0.0), (["Rock"], 0.0)], "Pop", id="then to the first"),
        pytest.param(
            [(["Pop", "Soul"], 0.0), (["Soul"], 0.0)], "Soul", id="every genre counts"
        ),
        pytest.param(
            [(["Jazz"], 0.0), (["Jazz"], 0.0), (["Rock"], 0.9)],
            "Jazz",
            id="a person's genres count as much as ours",
        ),
    ],
)
def test_album_genre(tracks: list[tuple[list[str], float]], expected: str | None) -> None:
    assert choose_album_genre(tracks) == expected
