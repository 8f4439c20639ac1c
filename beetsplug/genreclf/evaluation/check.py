"""One pass that changes nothing: which present genres does the model find unlikely?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from beetsplug.genreclf.policy.label_issues import Doubt, Verdict, examine, worst_first
from beetsplug.genreclf.policy.policy import choose_tags, has_genre
from beetsplug.genreclf.policy.vocabulary import GenreNames
from beetsplug.genreclf.predict.predictor import ResultCounts
from beetsplug.genreclf.tagging.chooser import policy_for, spelled
from beetsplug.genreclf.ui.text import track_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beets.library import Item

    from beetsplug.genreclf.config.options import Options, Policy
    from beetsplug.genreclf.predict.predictor import Predictor, TrackResult
    from beetsplug.genreclf.ui.reporter import Reporter

#: Genres that the model lacks, and the summary names.
N_NAMED = 5


@dataclass
class Audit:
    """Compares the genres of tracks with what is heard in them.

    Attributes:
        options: what the user chose.
        predictor: hears the tracks.
        reporter: receives warnings while listening, the doubts at the end.
        shows_all: doubt a genre also where the model would abstain.
        counts: tracks of which nothing can be said, after :meth:`check`.
        from_before: tracks that trained the model, scored by models that they did not.
    """

    options: Options
    predictor: Predictor
    reporter: Reporter
    shows_all: bool = False
    counts: ResultCounts = field(default_factory=ResultCounts, init=False)
    from_before: int = field(default=0, init=False)
    _verdicts: Counter[Verdict] = field(default_factory=Counter, init=False)
    _lacking: Counter[str] = field(default_factory=Counter, init=False)

    def check(self, items: Iterable[Item]) -> list[Doubt]:
        """Return the doubts, worst first; nothing is stored.

        Where the model would abstain it doubts nothing, unless all doubts are wanted.

        Raises:
            ModelUnavailableError: before any track is heard.
        """
        names = GenreNames(
            self.predictor.labels,
            label_map=self.options.policy.label_map,
            aliases=self.options.aliases,
        )
        # Not the items themselves: listening takes hours.
        known = [
            (_Question(item, self.options.policy), self.predictor.track(item))
            for item in items
            if self._is_known(item, names)
        ]
        tracks = [track for _, track in known]
        self.reporter.expect(sum(track.recalled is None for track in tracks))
        doubts = []
        for (question, _), heard in zip(known, self.predictor.hear(tracks), strict=False):
            doubt = self._examine(question, heard, names)
            if doubt is not None and (doubt.would_write or self.shows_all):
                doubts.append(doubt)
        return worst_first(doubts)

    def summary(self) -> str:
        """Say in one line how many were doubted, and why others were not heard."""
        remedy = "" if self.shows_all else "; --all lists them"
        lacking = f"of genres that the model lacks ({commonest(self._lacking)})"
        counted = [
            (self._verdicts[Verdict.UNSURE], f"where the model would abstain{remedy}"),
            (self.counts.unreadable, "unreadable"),
            (self.counts.inaudible, "with too little to hear"),
            (self.counts.unknown, "unknown (no music that the model names)"),
            (self._verdicts[Verdict.NO_GENRE], "without a genre"),
            (self._verdicts[Verdict.LACKING_GENRE], lacking),
            (self.from_before, "judged by what was said before training"),
        ]
        return ", ".join(
            [
                f"{self._verdicts[Verdict.DOUBTED]} doubted",
                f"{self._verdicts[Verdict.AGREES]} not",
                *(f"{count} {words}" for count, words in counted if count),
            ]
        )

    def _is_known(self, item: Item, names: GenreNames) -> bool:
        """Leave out what need not be heard, since nothing could be said about it."""
        if not has_genre(item.genres):
            self._verdicts[Verdict.NO_GENRE] += 1
            return False
        if not any(names.labels_of(genre) for genre in item.genres):
            self._verdicts[Verdict.LACKING_GENRE] += 1
            self._lacking.update(genre for genre in item.genres if genre.strip())
            return False
        return True

    def _examine(
        self, question: _Question, heard: TrackResult, names: GenreNames
    ) -> Doubt | None:
        scores = self.counts.scores_of(heard, self.reporter)
        if scores is None:
            return None
        self.from_before += heard.track.item_id in self.predictor.known
        multi_label = self.predictor.multi_label
        verdict, doubt = examine(
            question.name, question.genres, scores, names, multi_label=multi_label
        )
        if doubt is not None:
            policy = spelled(question.policy, self.predictor)
            decision = choose_tags(scores, (), policy, multi_label=multi_label)
            doubt = replace(doubt, would_write=decision.genres or ())
            verdict = Verdict.DOUBTED if doubt.would_write else Verdict.UNSURE
        self._verdicts[verdict] += 1
        return doubt


class _Question:
    """What is asked about a track: an item is too large to keep for hours."""

    def __init__(self, item: Item, policy: Policy) -> None:
        self.name = track_name(item)
        self.genres = tuple(item.genres)
        self.policy = replace(policy_for(item, policy), fallback=None)


def commonest(genres: Counter[str]) -> str:
    """Name the commonest genres and how often each was met."""
    common = genres.most_common(N_NAMED)
    more = ", ..." if len(genres) > N_NAMED else ""
    return ", ".join(f"{genre} {count}" for genre, count in common) + more
