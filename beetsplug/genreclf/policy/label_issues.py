"""Doubts: tracks whose present genre the model finds unlikely.

Nothing here knows audio, files or beets objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beetsplug.genreclf.policy.vocabulary import GenreNames


#: A genre of a multi-label model is doubted only if it is more probably absent.
EVEN_CHANCE = 0.5


class Verdict(Enum):
    """What the model makes of a track's genres."""

    AGREES = auto()
    DOUBTED = auto()
    UNSURE = auto()
    NO_GENRE = auto()
    LACKING_GENRE = auto()


@dataclass(frozen=True)
class Doubt:
    """A track whose genres are less probable than another one.

    Attributes:
        name: how people call the track.
        genres: the present genres.
        present_probability: summed over the labels that the present genres mean; of the
            least probable one of these genres if the model is multi-label.
        heard: the model's best label that none of the present genres means; that the
            least probable one does not mean if the model is multi-label.
        heard_probability: how probable that one is.
        would_write: genres that the model would write; none if it would abstain, None if
            nobody asked.
    """

    name: str
    genres: tuple[str, ...]
    present_probability: float
    heard: str
    heard_probability: float
    would_write: tuple[str, ...] | None = None

    @property
    def margin(self) -> float:
        """How much more probable the other genre is."""
        return self.heard_probability - self.present_probability

    def line(self) -> str:
        """Say it in one line, such as ``Ann - Song: Rock 0.02, heard blues 0.91``."""
        present = f"{'; '.join(self.genres)} {self.present_probability:.2f}"
        line = f"{self.name}: {present}, heard {self.heard} {self.heard_probability:.2f}"
        if self.would_write is None:
            return line
        if not self.would_write:
            return f"{line}, would abstain"
        return f"{line}, would write {'; '.join(self.would_write)}"


def examine(
    name: str,
    genres: Sequence[str],
    scores: Mapping[str, float],
    names: GenreNames,
    *,
    multi_label: bool = False,
) -> tuple[Verdict, Doubt | None]:
    """Compare the genres of a track with what the model hears.

    Of several genres those count that the model knows. A blank one is none: a cleared
    APEv2 tag is read back as one empty genre.

    Genres that exclude each other are doubted if another label is more probable than
    all of them together. Those of a multi-label model claim to be right all at once, so
    the least probable one speaks for them: they are doubted if it is more probably
    absent than present, and some label that it does not mean is more probable. A genre
    that means several labels is as probable as the best of these.

    Args:
        name: how people call the track.
        genres: the present genres.
        scores: the probability of each label of the model.
        names: what genres mean to that model.
        multi_label: whether several labels can be right at once.

    Returns:
        The verdict, and the doubt if it is that the track is doubted.
    """
    present = tuple(genre for genre in genres if genre.strip())
    if not present:
        return Verdict.NO_GENRE, None
    meanings = [labels for labels in map(names.labels_of, present) if labels]
    if not meanings:
        return Verdict.LACKING_GENRE, None
    if multi_label:
        meant = min(meanings, key=lambda labels: _best(labels, scores))
        probability = _best(meant, scores)
    else:
        meant = frozenset[str]().union(*meanings)
        probability = sum(p for label, p in scores.items() if label in meant)
    others = [label for label in scores if label not in meant]
    if not others:
        return Verdict.AGREES, None
    heard = max(others, key=scores.__getitem__)
    doubt = Doubt(name, present, probability, heard, scores[heard])
    if doubt.margin <= 0 or (multi_label and probability >= EVEN_CHANCE):
        return Verdict.AGREES, None
    return Verdict.DOUBTED, doubt


def _best(labels: frozenset[str], scores: Mapping[str, float]) -> float:
    # A label without a score is one that nothing was heard of.
    return max(scores.get(label, 0.0) for label in labels)


def worst_first(doubts: Iterable[Doubt]) -> list[Doubt]:
    """Order doubts by how much more probable the other genre is.

    Negated, this is the normalised margin by which confident learning ranks examples
    that may be labelled wrongly (Northcutt, Jiang & Chuang 2021, Journal of Artificial
    Intelligence Research 70). Equal ones follow their names, so that two runs agree.
    """
    return sorted(doubts, key=lambda doubt: (-doubt.margin, doubt.name))
