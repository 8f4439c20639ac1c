"""Z15 and D5: how many clips of each genre a split tests."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from genre_model.papers.checks.needed_networks import PAPER_PROTOCOL
from genre_model.papers.checks.possible_shares import span_text
from genre_model.papers.checks.printed_tables import (
    ZHANG_FIGURE_8,
    ZHANG_TABLE_1,
)
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.training.data.gtzan import GENRE_OF_FOLDER, GENRES
from genre_model.training.data.protocols import (
    artist_rows,
    folds_of,
    is_leaky,
    with_validation,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.data.protocols import Fold

TRACKS_PER_GENRE = 100
#: Both papers' share of the clips that is tested.
TEST_SHARE = 0.2


def zhang_supports(row: Row, reproduction: Reproduction) -> Outcome:  # noqa: ARG001
    """Test figure 8's supports against a stratified and a plain random split (Z15)."""
    (fold,) = folds_of(PAPER_PROTOCOL)
    ours = counts_by_genre(fold.test)
    measurements = tuple(
        _count(genre, "test clips", published, ours[genre])
        for genre, published in zip(GENRES, ZHANG_FIGURE_8.support, strict=True)
    )
    table_1 = ZHANG_TABLE_1.sum(axis=1).tolist()
    findings = (
        _judged("Figure 8", ZHANG_FIGURE_8.support),
        _judged("Table 1", table_1),
    )
    return Outcome(row.id, measurements, findings)


def cao_split(row: Row, reproduction: Reproduction) -> Outcome:  # noqa: ARG001
    """Count the parts of the 80/20 split whose training part validates, too (D5)."""
    fold = with_validation(folds_of(PAPER_PROTOCOL)[0])
    n_all = len(GENRES) * TRACKS_PER_GENRE
    measurements, findings = [], []
    for part, published in (("test", TEST_SHARE * n_all), ("train", None), ("valid", None)):
        ids: tuple[str, ...] = getattr(fold, part)
        by_genre = [counts_by_genre(ids)[genre] for genre in GENRES]
        measurements.append(_count(part, "tracks", published, len(ids)))
        findings.append(
            f"{part}: {len(ids)} of {n_all} tracks, {100 * len(ids) / n_all:.1f} %; "
            f"{span_text(by_genre)} of each genre."
        )
    n_both = len(set(fold.train) & set(fold.test) | set(fold.valid) & set(fold.test))
    n_known = sum(name in _artists() for name in fold.test)
    findings.append(
        f"{n_both} tracks are in the test and elsewhere. But of the {n_known} test tracks "
        f"whose artist is known, {_n_shared(fold)} are by an artist who trains or "
        "validates, too: the split leaks."
    )
    return Outcome(row.id, tuple(measurements), tuple(findings))


def counts_by_genre(track_ids: Sequence[str]) -> Counter[str]:
    """Count tracks by genre."""
    return Counter(GENRE_OF_FOLDER[name.partition(".")[0]] for name in track_ids)


def random_split_p_value(supports: Sequence[int]) -> tuple[float, float]:
    """Test whether a random split of GTZAN could have these supports.

    Pearson's chi-squared, with the variance of draws without replacement: of N clips in
    equal genres, n are drawn, so that the statistic is (N - 1) / (N - n) times the usual
    one.

    Args:
        supports: test clips of each genre [shape=(n_genres,)].

    Returns:
        The statistic and its p-value.
    """
    counts = np.array(supports, float)
    n_all, n_drawn = TRACKS_PER_GENRE * len(counts), counts.sum()
    expected = n_drawn / len(counts)
    statistic = ((counts - expected) ** 2 / expected).sum()
    statistic *= (n_all - 1) / (n_all - n_drawn)
    return float(statistic), float(chi2.sf(statistic, len(counts) - 1))


def _count(name: str, measure: str, published: float | None, n: int) -> Measurement:
    leaky = is_leaky(PAPER_PROTOCOL)
    return Measurement(name, measure, published, n, protocol=PAPER_PROTOCOL, leaky=leaky)


def _judged(name: str, supports: Sequence[int]) -> str:
    """Say which split could have given these supports."""
    total = sum(supports)
    statistic, p_value = random_split_p_value(supports)
    verdict = "could well be" if p_value >= 0.05 else "could hardly be"
    n_genres = len(supports)
    spread = max(supports) - min(supports)
    stratified = "could be" if spread <= 1 else "cannot be"
    return (
        f"{name} tests {min(supports)} to {max(supports)} clips of a genre, {total} in "
        f"all: it {stratified} of a stratified split, which tests {total / n_genres:g} of "
        f"each, to one clip, and {verdict} of a plain random one (chi-squared "
        f"{statistic:.2f} with {n_genres - 1} degrees of freedom, p {p_value:.2g})."
    )


def _artists() -> dict[str, tuple[str, str]]:
    """Return genre and artist of each track whose artist is known."""
    # Numbers of artists are unique within a genre only.
    return {
        row["track"]: (row["track"].partition(".")[0], row["artist_group"])
        for row in artist_rows()
    }


def _n_shared(fold: Fold) -> int:
    """Count test tracks by artists who are outside the test, too."""
    artists = _artists()
    elsewhere = {artists.get(name) for name in fold.train + fold.valid} - {None}
    return sum(artists.get(name) in elsewhere for name in fold.test)
