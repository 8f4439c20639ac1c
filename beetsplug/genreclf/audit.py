"""One pass that changes nothing: which present genres does the model find unlikely?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from beetsplug.genreclf.doubts import Doubt, Verdict, examine, worst_first
from beetsplug.genreclf.genre_names import GenreNames
from beetsplug.genreclf.naming import track_name
from beetsplug.genreclf.tags import has_genre

if TYPE_CHECKING:
    from collections.abc import Iterable

    from beets.library import Item

    from beetsplug.genreclf.hearing import Heard, Hearing
    from beetsplug.genreclf.options import Options
    from beetsplug.genreclf.reporter import Reporter

#: Genres that the model lacks, and the summary names.
N_NAMED = 5


@dataclass
class Audit:
    """Compares the genres of tracks with what is heard in them.

    Attributes:
        options: what the person chose.
        hearing: hears the tracks.
        reporter: receives warnings while listening, the doubts at the end.
        unreadable: tracks that could not be heard, after :meth:`check`.
        inaudible: tracks too short or too silent.
        unknown: tracks that the model rejects, such as speech.
        from_before: tracks that trained the model, judged by models that they did not.
    """

    options: Options
    hearing: Hearing
    reporter: Reporter
    unreadable: int = field(default=0, init=False)
    inaudible: int = field(default=0, init=False)
    unknown: int = field(default=0, init=False)
    from_before: int = field(default=0, init=False)
    _verdicts: Counter[Verdict] = field(default_factory=Counter, init=False)
    _lacking: Counter[str] = field(default_factory=Counter, init=False)

    def check(self, items: Iterable[Item]) -> list[Doubt]:
        """Return the doubts, worst first; nothing is stored.

        Raises:
            ModelUnavailableError: before any track is heard.
        """
        names = GenreNames(
            self.hearing.labels,
            label_map=self.options.policy.label_map,
            aliases=self.options.aliases,
        )
        # Not the items themselves: listening takes hours.
        known = [
            (track_name(item), tuple(item.genres), self.hearing.track(item))
            for item in items
            if self._is_known(item, names)
        ]
        tracks = [track for _, _, track in known]
        self.reporter.expect(sum(track.recalled is None for track in tracks))
        doubts = []
        for (name, genres, _), heard in zip(known, self.hearing.hear(tracks), strict=False):
            doubt = self._examine(name, genres, heard, names)
            if doubt is not None:
                doubts.append(doubt)
        return worst_first(doubts)

    def summary(self) -> str:
        """Say in one line how many were doubted, and why others were not heard."""
        parts = [
            f"{self._verdicts[Verdict.DOUBTED]} doubted",
            f"{self._verdicts[Verdict.AGREES]} not",
        ]
        if self.unreadable:
            parts.append(f"{self.unreadable} unreadable")
        if self.inaudible:
            parts.append(f"{self.inaudible} with too little to hear")
        if self.unknown:
            parts.append(f"{self.unknown} unknown (no music that the model names)")
        if n_empty := self._verdicts[Verdict.NO_GENRE]:
            parts.append(f"{n_empty} without a genre")
        if n_unknown := self._verdicts[Verdict.LACKING_GENRE]:
            named = commonest(self._lacking)
            parts.append(f"{n_unknown} of genres that the model lacks ({named})")
        if self.from_before:
            parts.append(f"{self.from_before} judged by what was said before training")
        return ", ".join(parts)

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
        self, name: str, genres: tuple[str, ...], heard: Heard, names: GenreNames
    ) -> Doubt | None:
        if heard.is_news:
            self.reporter.advance()
        if heard.listening is None:
            self.reporter.warning(str(heard.error))
            self.unreadable += 1
            return None
        if not heard.listening.scores:
            self.inaudible += 1
            return None
        if heard.listening.unknown_because:
            self.unknown += 1
            return None
        self.from_before += heard.track.item_id in self.hearing.known
        verdict, doubt = examine(
            name,
            genres,
            heard.listening.scores,
            names,
            multi_label=self.hearing.multi_label,
        )
        self._verdicts[verdict] += 1
        return doubt


def commonest(genres: Counter[str]) -> str:
    """Name the commonest genres and how often each was met."""
    common = genres.most_common(N_NAMED)
    more = ", ..." if len(genres) > N_NAMED else ""
    return ", ".join(f"{genre} {count}" for genre, count in common) + more
