"""What splits and segments hold, in numbers (Z15, B2, C1, D5)."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2, chisquare

from genre_model.features.segments import segment_start_frames
from genre_model.papers.checks.printed_tables import (
    CAPOBIANCO_NEW_SONGS,
    ZHANG_FIGURE_8,
    ZHANG_TABLE_1,
)
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.rows import PAPER_PROTOCOL, chosen_rows
from genre_model.training.data.gtzan import (
    GENRE_OF_FOLDER,
    GENRES,
    clip_frames,
    find_tracks,
    segments_per_track,
)
from genre_model.training.data.protocols import (
    artist_rows,
    folds_of,
    track_of,
    with_validation,
)
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from genre_model.features.config import FrontEnd
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.data.protocols import Fold

TRACKS_PER_GENRE = 100
#: The share of the clips that papers 000 and 004 test.
TEST_SHARE = 0.2
#: Paper 002: pictures by the seconds that each of them shows.
PUBLISHED_PICTURES = {30: 1000, 10: 3000, 3: 10_000, 1: 30_000}
#: Paper 003, section 3.2: (30 - 3) / 1.5 + 1; "19-20".
PUBLISHED_SEGMENTS, PUBLISHED_OVERLAP = 19, 0.5
#: Paper 002, section V: songs that are not of GTZAN, "trimmed to two minutes".
N_NEW_SONGS, NEW_SONG_SECONDS = 10, 120
#: Paper 003: test tracks, and "19-20" segments of each.
N_TEST_TRACKS, SEGMENTS_PER_TRACK = 100, (19, 20)
#: Rows whose accuracies paper 003 prints.
PRINTED_ROWS = ("C3", "C4", "C5")
#: Protocols of paper 003's systems, its own last.
TRACK_PROTOCOLS = ("fault-filtered", "rotation", "stratified", "stratified-80-10-10")
#: By how much two digits after the point are off, and the last bit of a float.
HALF_DIGIT = 0.005 + 1e-9


def zhang_supports(row: Row, reproduction: Reproduction) -> Outcome:  # noqa: ARG001
    """Test figure 8's supports against a stratified and a plain random split (Z15)."""
    (fold,) = folds_of(PAPER_PROTOCOL)
    ours = _counts_by_genre(fold.test)
    measurements = [
        Measurement(genre, "test clips", published, n, protocol=PAPER_PROTOCOL)
        for genre, published, n in zip(GENRES, ZHANG_FIGURE_8.support, ours, strict=True)
    ]
    findings = [
        _possible_split("Figure 8", ZHANG_FIGURE_8.support),
        _possible_split("Table 1", ZHANG_TABLE_1.sum(axis=1).tolist()),
    ]
    return Outcome(row.id, measurements, findings)


def _counts_by_genre(track_ids: Sequence[str]) -> list[int]:
    counts = Counter(GENRE_OF_FOLDER[name.partition(".")[0]] for name in track_ids)
    return [counts[genre] for genre in GENRES]


def random_split_p_value(supports: Sequence[int]) -> tuple[float, float]:
    """Test whether a random split of GTZAN could have these test clips of each genre.

    Pearson's chi-squared, with the variance of draws without replacement: of N clips in
    equal genres, n are drawn, so that the statistic is (N - 1) / (N - n) times the usual
    one. Returns the statistic and its p-value.
    """
    n_all, n_drawn = TRACKS_PER_GENRE * len(supports), sum(supports)
    statistic = chisquare(supports).statistic * (n_all - 1) / (n_all - n_drawn)
    return float(statistic), float(chi2.sf(statistic, len(supports) - 1))


def _possible_split(name: str, supports: Sequence[int]) -> str:
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


def cao_split(row: Row, reproduction: Reproduction) -> Outcome:  # noqa: ARG001
    """Count the parts of the 80/20 split whose training part validates, too (D5)."""
    fold = with_validation(folds_of(PAPER_PROTOCOL)[0])
    n_all = len(GENRES) * TRACKS_PER_GENRE
    outcome = Outcome(row.id)
    for part, published in (("test", TEST_SHARE * n_all), ("train", None), ("valid", None)):
        ids: tuple[str, ...] = getattr(fold, part)
        outcome.measurements.append(
            Measurement(part, "tracks", published, len(ids), protocol=PAPER_PROTOCOL)
        )
        outcome.findings.append(
            f"{part}: {len(ids)} of {n_all} tracks, {100 * len(ids) / n_all:.1f} %; "
            f"{span_text(_counts_by_genre(ids))} of each genre."
        )
    # Numbers of artists are unique within a genre only.
    artists = {
        one["track"]: (one["track"].partition(".")[0], one["artist_group"])
        for one in artist_rows()
    }
    elsewhere = {artists[name] for name in fold.train + fold.valid if name in artists}
    known = [name for name in fold.test if name in artists]
    n_shared = sum(artists[name] in elsewhere for name in known)
    outcome.findings.append(
        f"{len(tracks_on_two_sides(fold) & set(fold.test))} tracks are in the test and "
        f"elsewhere. But of the {len(known)} test tracks whose artist is known, {n_shared} "
        "are by an artist who trains or validates, too: the split leaks."
    )
    return outcome


def segment_lengths(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the segments that the lengths of paper 002 give of our tracks (B2)."""
    n_tracks = len(find_tracks(reproduction.data_dir))
    outcome = Outcome(row.id)
    outcome.findings.append(
        "The paper's 1-s pieces are 22,000 samples of its code: 0.998 s."
    )
    for seconds, published in PUBLISHED_PICTURES.items():
        front_end = front_end_of_length(seconds, reproduction)
        per_track, n_frames = (
            segments_per_track(front_end),
            front_end.segment.segment_frames,
        )
        name, n = f"segments of {seconds} s", n_tracks * per_track
        data = reproduction.data_name
        outcome.measurements.append(
            Measurement(name, "segments", published, n, n=n_tracks, data=data)
        )
        outcome.findings.append(
            f"{name}: {per_track} of a track, each {n_frames} frames or "
            f"{n_frames / front_end.frames_per_second:.2f} s."
        )
    outcome.findings += impossible_new_songs()
    return outcome


def front_end_of_length(seconds: int, reproduction: Reproduction) -> FrontEnd:
    """Return the front end of paper 002's base CRNN on segments of a given length."""
    (row,) = chosen_rows(["B8"])
    systems = [one for one in row.systems if one.recipe == "b4_crnn"]
    system = next(one for one in systems if f", {seconds} s" in one.name)
    return reproduction.recipe(system).front_end


def impossible_new_songs() -> Iterator[str]:
    """Name the accuracies of paper 002's table V that no number of its segments gives."""
    for key, percent in CAPOBIANCO_NEW_SONGS.items():
        network, seconds = key
        n = N_NEW_SONGS * NEW_SONG_SECONDS // seconds
        if counts_printed_as(percent, n):
            continue
        same = [
            f"{other} ({length})"
            for (other, length), value in CAPOBIANCO_NEW_SONGS.items()
            if value == percent and (other, length) != key
        ]
        also = f"; {' and '.join(same)} has the same number" if same else ""
        yield (
            f"Table V, {network} ({seconds}) on {N_NEW_SONGS} songs of {NEW_SONG_SECONDS} "
            f"s: {_possible_text(percent, n, f'segments of {seconds} s')}{also}."
        )


def half_overlapping(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the half-overlapping segments of a clip, and tracks on two sides (C1)."""
    measurements = list(_cut("audio", read_recipe("c3_cnn").front_end))
    if reproduction.has_pictures:
        measurements += _cut("mel pictures", reproduction.front_end("C3"))
    for protocol in TRACK_PROTOCOLS:
        n_both = sum(len(tracks_on_two_sides(fold)) for fold in folds_of(protocol))
        measurements.append(
            Measurement("tracks on two sides", "tracks", 0, n_both, protocol=protocol)
        )
    spread = (
        "3 s every 1.5 s fit 19 times into 30 s; 20 would take 31.5 s. Ours are spread "
        "evenly over the clip. They only score: in training, segments begin anywhere."
    )
    return Outcome(row.id, measurements, [spread, *possible_units()])


def _cut(data: str, front_end: FrontEnd) -> Iterator[Measurement]:
    name = f"recipe c3_cnn on {data}"
    starts = segment_start_frames(clip_frames(front_end), front_end.segment)
    overlap = 1 - float(np.diff(starts).mean()) / front_end.segment.segment_frames
    n = len(starts)
    yield Measurement(name, "segments of a clip", PUBLISHED_SEGMENTS, n, data=data)
    yield Measurement(name, "mean overlap", PUBLISHED_OVERLAP, overlap, data=data)


def tracks_on_two_sides(fold: Fold) -> set[str]:
    """Return the tracks that are in more than one part of a fold, if only in segments."""
    train, valid, test = (
        {track_of(name) for name in part} for part in (fold.train, fold.valid, fold.test)
    )
    return (train & valid) | (train & test) | (valid & test)


def possible_units() -> Iterator[str]:
    """Say of what paper 003's accuracies can be: of its test tracks, of their segments."""
    for row in chosen_rows(PRINTED_ROWS):
        percent = 100 * row.systems[0].published["accuracy"]
        texts = [_possible_text(percent, N_TEST_TRACKS, "tracks")]
        for per_track in SEGMENTS_PER_TRACK:
            unit = f"segments, {per_track} each"
            texts.append(_possible_text(percent, N_TEST_TRACKS * per_track, unit))
        yield f"{row.systems[0].name}: {'; '.join(texts)}."


def counts_printed_as(percent: float, n: int) -> list[int]:
    """Return the counts of ``n`` whose percentage is printed so, with two digits."""
    lowest = math.ceil((percent - HALF_DIGIT) * n / 100)
    highest = math.floor((percent + HALF_DIGIT) * n / 100)
    return list(range(lowest, highest + 1))


def _possible_text(percent: float, n: int, unit: str) -> str:
    """Say of how many a percentage can be, or which ones are nearest to it."""
    if counts := counts_printed_as(percent, n):
        return f"{percent:.2f} % can be {counts[0]} of {n} {unit}"
    below = math.floor(percent * n / 100)
    nearest = " or ".join(f"{100 * k / n:.2f}" for k in (below, below + 1))
    return f"{percent:.2f} % cannot be of {n} {unit} (nearest: {nearest} %)"


def span_text(counts: Sequence[int]) -> str:
    """Say from where to where counts reach, or that they are all the same."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"
