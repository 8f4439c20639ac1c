"""Label issues: tracks whose current genres the model finds unlikely.

Nothing here knows audio, files or beets objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from beetsplug.genreclf.policy.vocabulary import GenreNames

#: From this probability on, a genre of a multi-label model is no issue.
EVEN_CHANCE = 0.5


@dataclass(frozen=True)
class LabelIssue:
    """A track whose genres are less probable than another one.

    Attributes:
        name: of the track.
        genres: the current genres.
        probability: of the current genres; see :func:`find_issue`.
        other: the most probable label that the current genres do not mean.
        other_probability: of that label.
        would_write: genres that the model would write; empty if it would abstain, None
            if that was not asked.
    """

    name: str
    genres: tuple[str, ...]
    probability: float
    other: str
    other_probability: float
    would_write: tuple[str, ...] | None = None

    @property
    def margin(self) -> float:
        """How much more probable the other genre is."""
        return self.other_probability - self.probability

    def line(self) -> str:
        """Return one line, such as ``Ann - Song: Rock 0.02, heard blues 0.91``."""
        current = f"{'; '.join(self.genres)} {self.probability:.2f}"
        line = f"{self.name}: {current}, heard {self.other} {self.other_probability:.2f}"
        if self.would_write is None:
            return line
        if not self.would_write:
            return f"{line}, would abstain"
        return f"{line}, would write {'; '.join(self.would_write)}"


def find_issue(
    name: str,
    genres: Sequence[str],
    scores: Mapping[str, float],
    names: GenreNames,
    *,
    multi_label: bool = False,
) -> LabelIssue | None:
    """Compare the genres of a track with a prediction; return None if they agree.

    Of several genres those count that the model knows. A blank one is none: a cleared
    APEv2 tag is read back as one empty genre.

    Genres that exclude each other are an issue if another label is more probable than
    the sum of theirs. Those of a multi-label model claim to be right all at once: the
    least probable one counts. It is an issue if it is below an even chance, and a label
    that it does not mean is more probable. A genre that means several labels is as
    probable as the best of these.

    Args:
        name: of the track.
        genres: the current genres, of which the model knows at least one.
        scores: label of the model -> probability.
        names: the meaning of genres to that model.
        multi_label: whether several labels can be right at once.
    """
    current = tuple(genre for genre in genres if genre.strip())
    meanings = [labels for labels in map(names.labels_of, current) if labels]
    if multi_label:
        meant = min(meanings, key=lambda labels: _best(labels, scores))
        probability = _best(meant, scores)
    else:
        meant = frozenset[str]().union(*meanings)
        probability = sum(p for label, p in scores.items() if label in meant)
    others = [label for label in scores if label not in meant]
    if not others or (multi_label and probability >= EVEN_CHANCE):
        return None
    other = max(others, key=scores.__getitem__)
    issue = LabelIssue(name, current, probability, other, scores[other])
    return issue if issue.margin > 0 else None


def _best(labels: frozenset[str], scores: Mapping[str, float]) -> float:
    return max(scores.get(label, 0.0) for label in labels)


def worst_first(issues: Iterable[LabelIssue]) -> list[LabelIssue]:
    """Sort issues by how much more probable the other genre is, then by name.

    Negated, this is the normalised margin by which confident learning ranks examples
    that may be labelled wrongly (Northcutt, Jiang & Chuang 2021, Journal of Artificial
    Intelligence Research 70).
    """
    return sorted(issues, key=lambda issue: (-issue.margin, issue.name))
