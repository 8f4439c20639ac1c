"""What follows from a decision, for the library and for the file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from beetsplug.genreclf.policy.change import FileAccess, depends_on_file, plan_change
from beetsplug.genreclf.policy.policy import Decision, Outcome
from beetsplug.genreclf.policy.track_state import TrackState

ROCK = Decision(Outcome.TAGGED, ("Rock",), "Rock 0.90")
ROCK_AGAIN = Decision(Outcome.UNCHANGED, None, "Rock 0.90")
UNSURE = Decision(Outcome.ABSTAINED, None, "abstained: Rock 0.31 < 0.60")

EMPTY = TrackState((), in_file=())
POP = TrackState(("Pop",), in_file=("Pop",))
#: The plugin wrote Rock over Pop, in the library and in the file.
TAGGED = TrackState(("Rock",), "Rock", "Pop", None, "Rock", in_file=("Rock",))
#: It chose Rock, and the file was not written.
BEHIND = TrackState(("Rock",), "Rock", "", in_file=())
POLKA_IN_FILE = TrackState((), in_file=("Polka",))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (EMPTY, TrackState(("Rock",), "Rock", "")),
        (POP, TrackState(("Rock",), "Rock", "Pop")),
        (POLKA_IN_FILE, TrackState(("Rock",), "Rock", "", "Polka")),
        # The same once more: the previous genres are still those of the user.
        (replace(TAGGED, genres=("Rock",)), TAGGED),
        # Going back to the user's genre ends the claim.
        (replace(TAGGED, previous="Rock"), replace(TAGGED, previous="Rock", claimed=None)),
        # The user changed the library since, and left the plugin's genre in the file.
        (
            replace(TAGGED, genres=("Jazz",)),
            TrackState(("Rock",), "Rock", "Jazz", "Pop", "Rock"),
        ),
        # Another program emptied the file, or wrote into it.
        (replace(TAGGED, in_file=()), replace(TAGGED, file_previous="")),
        (replace(TAGGED, in_file=("Folk",)), replace(TAGGED, file_previous="Folk")),
    ],
)
def test_a_genre_is_claimed_and_the_previous_ones_are_kept(
    before: TrackState, after: TrackState
) -> None:
    claimed = before.claim(["Rock"])

    assert replace(claimed, in_file=None) == replace(after, in_file=None)


def test_a_new_genre_is_stored_and_written() -> None:
    change = plan_change(POP, ROCK, FileAccess.WRITE, replaces_foreign=True)

    assert change.after == POP.claim(["Rock"])
    assert change.decision == ROCK


@pytest.mark.parametrize("access", FileAccess)
def test_an_abstention_changes_neither(access: FileAccess) -> None:
    assert not depends_on_file(UNSURE, access, replaces_foreign=False)
    assert plan_change(EMPTY, UNSURE, access, replaces_foreign=False).after is None


@pytest.mark.parametrize("replaces_foreign", [True, False])
def test_a_genre_in_a_hidden_tag_always_stays(*, replaces_foreign: bool) -> None:
    state = replace(EMPTY, hidden=("Ska",))

    change = plan_change(state, ROCK, FileAccess.WRITE, replaces_foreign=replaces_foreign)

    assert change.after is None
    assert change.decision.outcome is Outcome.HAD_GENRE
    assert "already Ska in a tag" in change.decision.reason


def test_a_genre_of_another_program_stays() -> None:
    change = plan_change(POLKA_IN_FILE, ROCK, FileAccess.WRITE, replaces_foreign=False)

    assert change.after is None
    assert change.decision.reason == "already Polka in the file"


def test_a_genre_of_another_program_that_makes_way_is_named() -> None:
    change = plan_change(POLKA_IN_FILE, ROCK, FileAccess.WRITE, replaces_foreign=True)

    written = change.with_outcome(Outcome.TAGGED, is_written=True)
    kept_out = change.with_outcome(Outcome.TAGGED, is_written=False)

    assert written.reason == "Rock 0.90 (was in the file: Polka)"
    assert kept_out.reason == "Rock 0.90"


@pytest.mark.parametrize(
    ("state", "access", "outcome"),
    [
        (BEHIND, FileAccess.WRITE, Outcome.CAUGHT_UP),
        (TAGGED, FileAccess.WRITE, Outcome.UNCHANGED),
        (BEHIND, FileAccess.READ, Outcome.UNCHANGED),
        (BEHIND, FileAccess.NONE, Outcome.UNCHANGED),
    ],
)
def test_a_genre_chosen_again_is_written_where_the_file_lacks_it(
    state: TrackState, access: FileAccess, outcome: Outcome
) -> None:
    change = plan_change(state, ROCK_AGAIN, access, replaces_foreign=False)

    assert change.decision.outcome is outcome
    assert (change.after is not None) is access.writes
    assert change.decision.reason == f"Rock 0.90 ({outcome.value})"


def test_the_user_s_own_genre_chosen_again_is_not_claimed() -> None:
    state = TrackState(("Rock",), in_file=())

    change = plan_change(state, ROCK_AGAIN, FileAccess.WRITE, replaces_foreign=False)

    assert change.after is None


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (EMPTY.claim(["Rock"]), TrackState(("Rock",), "Rock", "", None, "Rock")),
        # Restored by --revert: as before the plugin.
        (
            TrackState(("Pop",), None, "Pop", None, "Rock"),
            TrackState(("Pop",)),
        ),
        (
            TrackState(("Pop",), None, "Pop", "Polka", "Rock"),
            TrackState(("Pop",), None, "Pop", "Polka", "Pop"),
        ),
    ],
)
def test_what_was_written_is_noted(state: TrackState, after: TrackState) -> None:
    assert replace(state.note_written(), in_file=None) == after
