"""Plans what to store of a decision, and what to write into the file of the track."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy.policy import Decision, Outcome

if TYPE_CHECKING:
    from beetsplug.genreclf.policy.track_state import TrackState


class FileAccess(Enum):
    """What a pass does with the files of tracks."""

    #: Nothing: the importer writes them.
    NONE = auto()
    #: Genres go to the library only.
    READ = auto()
    #: New genres are written.
    WRITE = auto()
    #: So are genres of the plugin that are in the library only.
    CATCH_UP = auto()

    @property
    def catches_up(self) -> bool:
        """Whether files get genres that are in the library only."""
        return self is FileAccess.CATCH_UP

    @property
    def writes(self) -> bool:
        """Whether genres are written into files."""
        return self in (FileAccess.WRITE, FileAccess.CATCH_UP)


@dataclass(frozen=True)
class Change:
    """A decision, and what follows from it for the track.

    Attributes:
        decision: with its outcome if the change succeeds.
        before: the state that it was planned for.
        after: the state to store, and to write into the file; None changes neither.
        replaced: genres of another program that the file loses, with commas between.
    """

    decision: Decision
    before: TrackState
    after: TrackState | None = None
    replaced: str = ""

    def with_outcome(self, outcome: Outcome, *, is_written: bool) -> Decision:
        """Return the decision with its outcome; it names genres that the file lost."""
        decision = replace(self.decision, outcome=outcome)
        if self.replaced and is_written:
            return decision.with_note(f"(was in the file: {self.replaced})")
        return decision


def depends_on_file(
    decision: Decision, access: FileAccess, *, replaces_foreign: bool
) -> bool:
    """Return True if a change can only be planned once the file is read."""
    if decision.genres is not None:
        return True
    needs_genres = access.writes or not replaces_foreign
    return decision.outcome is Outcome.UNCHANGED and needs_genres


def plan_change(
    state: TrackState, decision: Decision, access: FileAccess, *, replaces_foreign: bool
) -> Change:
    """Plan what to store and to write.

    Args:
        state: of the track, with its file if :func:`depends_on_file` says so.
        decision: about the track.
        access: to its file.
        replaces_foreign: replace genres that another program wrote into the file. Those in
            a tag that beets does not read stay: the two tags would contradict each other.
    """
    if decision.genres is not None and state.hidden:
        tag = "in a tag of the file that beets does not read"
        return _leave_alone(state, f"already {', '.join(state.hidden)} {tag}")
    others = ", ".join(state.foreign_genres)
    if others and not replaces_foreign:
        return _leave_alone(state, f"already {others} in the file")
    if decision.genres is not None:
        after = state.claim(decision.genres)
    elif decision.outcome is Outcome.UNCHANGED and access.writes and state.is_by_plugin:
        # Chosen again, the genre may be in the library only.
        after = state.note_file()
        if state.file_differs:
            decision = replace(decision, outcome=Outcome.CAUGHT_UP)
    else:
        return Change(decision, state)
    return Change(decision, state, after, others if access.writes else "")


def _leave_alone(state: TrackState, words: str) -> Change:
    return Change(Decision(Outcome.HAD_GENRE, None, words), state)
