"""Genres that another program wrote into a file: they stay, or are named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.policy import Decision, Outcome

if TYPE_CHECKING:
    from beets.library import Item

    from beetsplug.genreclf.config.options import Policy
    from beetsplug.genreclf.storage.commit import Keeper


@dataclass(frozen=True)
class OthersInFile:
    """Respects such genres.

    Attributes:
        keeper: reads the genres in files, and knows whether files are written.
        policy: what the user chose.
        update: only genres of ours are decided about.
        pretend: nothing is written.
    """

    keeper: Keeper
    policy: Policy
    update: bool
    pretend: bool

    @property
    def may_be_replaced(self) -> bool:
        """Only force replaces them, unless genres are just to be added."""
        return self.policy.force and not (self.update or self.policy.keep_existing)

    def respect_hidden_genres(self, item: Item, decision: Decision) -> Decision:
        """Write no genre if the file has one in a tag that beets does not read.

        This holds with ``force``, too: the two tags would contradict each other.
        """
        if decision.genres is None:
            return decision
        theirs = ", ".join(self.keeper.hidden_genres(item))
        if not theirs:
            return decision
        reason = f"already {theirs} in a tag of the file that beets does not read"
        return Decision(Outcome.HAD_GENRE, None, reason)

    def in_the_way(self, item: Item, decision: Decision) -> str:
        """Return them where a decision would replace them, with commas between."""
        writes = decision.genres is not None or decision.outcome is Outcome.UNCHANGED
        matters = self.keeper.write or not self.may_be_replaced
        if not (writes and matters):
            return ""
        return ", ".join(self.keeper.genres_of_others(item))

    def respect(self, decision: Decision, theirs: str) -> Decision:
        """Leave them alone, if they may not be replaced."""
        if not theirs or self.may_be_replaced:
            return decision
        return Decision(Outcome.HAD_GENRE, None, f"already {theirs} in the file")

    def note(self, item: Item, decision: Decision, theirs: str) -> Decision:
        """Name those that were replaced, or would be."""
        if not theirs or not self._is_written(item, decision):
            return decision
        return replace(decision, reason=f"{decision.reason} (was in the file: {theirs})")

    def _is_written(self, item: Item, decision: Decision) -> bool:
        if decision.outcome is Outcome.HAD_GENRE:
            return False
        if self.pretend:
            return decision.genres is not None or decision.outcome is Outcome.CAUGHT_UP
        written = item.get("genreclf_file_genres", with_album=False)
        return provenance.track_is_ours(item) and written == provenance.joined(item.genres)
