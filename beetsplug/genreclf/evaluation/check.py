"""``beet genreclf --check``: genres of the library that the model finds unlikely."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from beetsplug.genreclf.evaluation.label_issues import LabelIssue, worst_first
from beetsplug.genreclf.policy.policy import choose_tags, has_genre
from beetsplug.genreclf.tagging.chooser import policy_for, spelled
from beetsplug.genreclf.ui.text import track_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beets.library import Item

    from beetsplug.genreclf.config.options import Policy
    from beetsplug.genreclf.evaluation.evaluation import Answer, LabelledTracks


@dataclass
class LabelCheck:
    """Compares the genres of tracks with predictions; stores nothing.

    Attributes:
        tracks: predicts them.
        shows_all: also list issues where the model would abstain.
    """

    tracks: LabelledTracks
    shows_all: bool = False
    _counts: Counter[str] = field(default_factory=Counter, init=False)

    def check(self, items: Iterable[Item]) -> list[LabelIssue]:
        """Return the issues, worst first.

        Raises:
            ModelUnavailableError: before any track is predicted.
        """
        policy = spelled(self.tracks.options.policy, self.tracks.predictor)
        policy = replace(policy, fallback=None)
        asked, policies = [], {}
        for item in items:
            if not has_genre(item.genres):
                self._counts["no genre"] += 1
            elif track := self.tracks.labelled(item, track_name(item), item.genres):
                asked.append(track)
                policies[track.track.item_id] = policy_for(item, policy)
        found = (
            self._issue(answer, policies[answer.track.track.item_id])
            for answer in self.tracks.predict(asked)
        )
        return worst_first(
            issue for issue in found if issue and (issue.would_write or self.shows_all)
        )

    def summary(self) -> str:
        """Return the counts in one line."""
        remedy = "" if self.shows_all else "; --all lists them"
        tracks, counts = self.tracks, self._counts
        lacking = f"of genres that the model lacks ({tracks.lacking_genres()})"
        parts = [
            (counts["unsure"], f"where the model would abstain{remedy}"),
            (tracks.counts.unreadable, "unreadable"),
            (tracks.counts.inaudible, "with too little to hear"),
            (tracks.counts.unknown, "unknown (no music that the model names)"),
            (counts["no genre"], "without a genre"),
            (tracks.n_lacking, lacking),
            (counts["out of fold"], "scored by what was predicted before training"),
        ]
        found = [f"{counts['doubted']} doubted", f"{counts['agrees']} not"]
        return ", ".join([*found, *(f"{n} {words}" for n, words in parts if n)])

    def _issue(self, answer: Answer, policy: Policy) -> LabelIssue | None:
        self._counts["out of fold"] += self.tracks.is_out_of_fold(answer)
        issue = self.tracks.find_issue(answer)
        if issue is None:
            self._counts["agrees"] += 1
            return None
        multi_label = self.tracks.predictor.multi_label
        decision = choose_tags(answer.scores, (), policy, multi_label=multi_label)
        issue = replace(issue, would_write=decision.genres or ())
        self._counts["doubted" if issue.would_write else "unsure"] += 1
        return issue
