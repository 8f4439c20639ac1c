"""Which genres are written: a table of situations, and rules for all of them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import confuse
import pytest
from confuse import yaml_util
from markdown_tables import read_rows

from beetsplug.genreclf.config.options import DEFAULTS, Policy, read_options
from beetsplug.genreclf.policy.policy import (
    Decision,
    Outcome,
    Tally,
    choose_album_genre,
    choose_tags,
    has_genre,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TAGGED = Outcome.TAGGED
ABSTAINED = Outcome.ABSTAINED
FALLBACK = Outcome.FALLBACK
UNCHANGED = Outcome.UNCHANGED
HAD_GENRE = Outcome.HAD_GENRE

#: In all rows that name no other; the default is measured, and may move.
MIN_CONFIDENCE = 0.5


ROWS = read_rows(Path(__file__).with_name("policy_table.md"))


@pytest.mark.parametrize("row", ROWS, ids=[row["situation"] for row in ROWS])
def test_table(row: dict[str, str]) -> None:
    decision = choose_tags(
        scores_of(row["predicted"]),
        listed(row.get("present")) or [],
        policy_of(row.get("configured", "")).for_artists(listed(row.get("artists")) or []),
        previous=listed(row.get("previous")),
        multi_label=row["section"] == "Multi-label models",
    )

    assert (decision.outcome, decision.genres, decision.reason) == (
        Outcome[row["outcome"].upper().replace(" ", "_")],
        tuple(row["written"].split(", ")) if row.get("written") else None,
        row["reason"],
    )


def listed(text: str | None) -> list[str] | None:
    """Read a list, as in a configuration file; no text is None."""
    return yaml_util.load_yaml_string(text, "a cell") if text else None


def policy_of(configured: str) -> Policy:
    """Read options as beets reads them from a configuration file."""
    options = yaml_util.load_yaml_string(f"{{{configured}}}", "a row of the table")
    config = confuse.Configuration("genreclf-test", read=False)
    config["genreclf"].set(options)
    config["genreclf"].add({**DEFAULTS, "min_confidence": MIN_CONFIDENCE})
    return read_options(config["genreclf"]).policy


def scores_of(predicted: str) -> dict[str, float]:
    pairs = (part.rsplit(" ", 1) for part in predicted.split(", "))
    return {label: float(probability) for label, probability in pairs}


DOUBTS = {
    "improbable": "min_confidence: 0.95",
    "a small lead": "min_margin: 0.95",
    "the best is ignored": "ignore: rock, min_confidence: 0",
    "the best is written as nothing": "label_map: {rock: }, min_confidence: 0",
    "all is ignored": "ignore: [rock, pop]",
    "all is ignored for the artist": "ignore: {Ann: [rock, pop]}",
}
WISHES = {
    "force": "",
    "fallback": "fallback: Other",
    "count": "count: 3",
    "keep_existing": "keep_existing: yes, count: 3",
    "keep_existing without room": "keep_existing: yes, count: 1",
    "all": "keep_existing: yes, count: 3, fallback: Other, title_case: no",
}


@pytest.mark.parametrize("previous", [None, [], ["Soul"]], ids=["theirs", "ours", "both"])
@pytest.mark.parametrize("wishes", WISHES.values(), ids=WISHES)
@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
def test_doubt_never_erases(doubt: str, wishes: str, previous: list[str] | None) -> None:
    configured = ", ".join(filter(None, ["force: yes", doubt, wishes]))

    decision = choose_tags(
        {"rock": 0.9, "pop": 0.1},
        ["Soul", "Pop"],
        policy_of(configured).for_artists(["Ann"]),
        previous=previous,
    )

    assert (decision.outcome, decision.genres) == (ABSTAINED, None)


class Case(NamedTuple):
    """One of all combinations, and what was decided."""

    policy: Policy
    present: tuple[str, ...]
    previous: tuple[str, ...] | None
    predicted: str
    decision: Decision

    @property
    def written(self) -> tuple[str, ...]:
        return self.decision.genres or ()

    @property
    def of_user(self) -> tuple[str, ...]:
        """The genres that are present and not the plugin's."""
        theirs = self.present if self.previous is None else self.previous
        return tuple(genre for genre in theirs if genre.strip())


#: Present genres, and if they are the plugin's, those that they replaced.
PRESENT: list[tuple[tuple[str, ...], tuple[str, ...] | None]] = [
    ((), None),
    (("", " "), None),
    (("Soul",), None),
    (("rock", "", "Live"), None),
    (("Rock",), ()),
    (("Soul", "Rock"), ("Soul",)),
    (("Pop",), ("Funk", "Soul", "rock")),
]
PREDICTED = ["rock 0.9, pop 0.06, metal 0.04", "rock 0.36, pop 0.34, metal 0.3", "pop 1.0"]
GRID: dict[str, Sequence[Any]] = {
    "force": (False, True),
    "keep_existing": (False, True),
    "count": (1, 2, 5),
    "min_confidence": (0.0, 0.35, 0.95),
    "min_margin": (0.0, 0.05),
    "fallback": (None, "other"),
    "title_case": (False, True),
    "label_map": (
        {},
        {"rock": ()},
        {"metal": ("Rock",)},
        {"rock": ("rock", "ROCK", "Live"), "pop": ("Pop", "Soul")},
    ),
    "ignore": (
        {},
        {"*": frozenset({"rock"})},
        {"ann": frozenset({"rock", "pop", "metal"})},
    ),
}


@pytest.fixture(scope="module", params=[False, True], ids=["exclusive", "multi-label"])
def cases(request: pytest.FixtureRequest) -> list[Case]:
    """Decide about everything under every policy."""
    policies = [
        Policy(**dict(zip(GRID, values, strict=True))) for values in product(*GRID.values())
    ]
    return [
        Case(
            policy,
            present,
            previous,
            predicted,
            choose_tags(
                scores_of(predicted),
                present,
                policy.for_artists(["Ann"]),
                previous=previous,
                multi_label=request.param,
            ),
        )
        for predicted, (present, previous), policy in product(PREDICTED, PRESENT, policies)
    ]


def is_doubled(case: Case) -> bool:
    added = [genre.casefold() for genre in case.written if genre not in case.of_user]
    kept = {genre.casefold() for genre in case.written if genre in case.of_user}
    return len(added) != len(set(added) - kept)


NEVER: dict[str, Callable[[Case], bool]] = {
    "erases": lambda case: case.decision.genres == (),
    "writes a blank": lambda case: not all(genre.strip() for genre in case.written),
    "writes what it abstains from": lambda case: (
        case.decision.outcome in (ABSTAINED, HAD_GENRE, UNCHANGED)
        and case.decision.genres is not None
    ),
    "says that it wrote, and writes nothing": lambda case: (
        case.decision.outcome in (TAGGED, FALLBACK) and not case.written
    ),
    "calls the same genres a change": lambda case: (
        bool(case.written) and case.written == case.present
    ),
    "touches a genre without force": lambda case: (
        bool(case.written) and has_genre(case.present) and not case.policy.force
    ),
    "drops or moves a genre that is to be kept": lambda case: (
        bool(case.written)
        and case.policy.keep_existing
        and case.written[: len(case.of_user)] != case.of_user
    ),
    "writes more than count, beyond what is kept": lambda case: (
        len(case.written)
        > max(case.policy.count, len(case.of_user) * case.policy.keep_existing)
    ),
    "doubles a genre": is_doubled,
    "gives no reason": lambda case: not case.decision.reason.strip(),
}


@pytest.mark.parametrize("is_wrong", NEVER.values(), ids=NEVER)
def test_whatever_is_configured_it_never(
    cases: list[Case], is_wrong: Callable[[Case], bool]
) -> None:
    # One is enough to read; there may be thousands.
    assert next(filter(is_wrong, cases), None) is None


def test_all_combinations_have_all_outcomes(cases: list[Case]) -> None:
    # Or the test before this one would prove little.
    all_outcomes = {TAGGED, ABSTAINED, FALLBACK, UNCHANGED, HAD_GENRE}
    assert {case.decision.outcome for case in cases} == all_outcomes


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
        pytest.param([([], 1.0), ([""], 1.0)], None, id="no genre"),
        pytest.param([(["Rock"], 0.5)], "Rock", id="one track"),
        pytest.param(
            [(["Pop"], 0.7), (["Rock"], 0.6), (["Rock"], 0.6)], "Rock", id="majority"
        ),
        pytest.param([(["Pop"], 1.0), (["Rock"], 1.0)], None, id="a tie"),
        pytest.param(
            [(["Country"], 0.6), *[([], 0.3)] * 5], None, id="one track names no album"
        ),
        pytest.param(
            [(["Rock"], 0.9), (["Rock"], 0.9), ([], 0.5)], "Rock", id="one abstained"
        ),
        pytest.param([(["Rock"], 0.9), ([], 0.0)], "Rock", id="speech does not count"),
        pytest.param(
            [(["Pop", "Soul"], 1.0), (["Soul"], 1.0)], "Soul", id="every genre counts"
        ),
        pytest.param(
            [(["B"], 0.828), (["B"], 0.921), (["A"], 0.921), (["A"], 0.828)],
            None,
            id="a tie in another order",
        ),
        pytest.param(
            [*[(["Hip-Hop"], 1.0)] * 2, *[(["Hip Hop"], 0.9)] * 2, (["Rock"], 0.9)],
            "Hip-Hop",
            id="spellings are one genre",
        ),
        pytest.param([(["Pop", "Pop"], 0.5), (["Soul"], 0.6)], "Soul", id="but once"),
    ],
)
def test_album_genre(tracks: list[tuple[list[str], float]], expected: str | None) -> None:
    assert choose_album_genre(tracks) == expected


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([], "0 tagged, 0 abstained, 0 unreadable", id="nothing happened"),
        pytest.param(
            [TAGGED, TAGGED, ABSTAINED], "2 tagged, 1 abstained, 0 unreadable", id="counts"
        ),
        pytest.param(
            [UNCHANGED, HAD_GENRE, FALLBACK, Outcome.UNREADABLE],
            "0 tagged, 0 abstained, 1 unreadable, 1 given the fallback, 1 unchanged, "
            "1 already had a genre",
            id="others where there are any, in a fixed order",
        ),
    ],
)
def test_summary(outcomes: list[Outcome], expected: str) -> None:
    assert Tally(outcomes).summary() == expected


def test_summary_of_another_mode() -> None:
    tally = Tally([Outcome.NOT_BY_PLUGIN, Outcome.NOT_BY_PLUGIN])

    assert (
        tally.summary(always=[Outcome.REVERTED]) == "2 not written by genreclf, 0 reverted"
    )


def test_what_cannot_be_read_or_written_has_failed() -> None:
    tally = Tally([*Outcome, Outcome.UNREADABLE])

    assert tally.failures() == 3
