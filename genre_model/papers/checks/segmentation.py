"""Segments of a clip: how many there are (B2, C1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.features.segments import segment_start_frames
from genre_model.papers.checks.possible_shares import (
    counts_printed_as,
    possible_text,
)
from genre_model.papers.checks.printed_tables import CAPOBIANCO_NEW_SONGS
from genre_model.papers.outcome import Measurement, Outcome
from genre_model.papers.rows import chosen_rows
from genre_model.training.data.gtzan import clip_frames, find_tracks, segments_per_track
from genre_model.training.data.protocols import folds_of, is_leaky, track_of
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from genre_model.features.config import FrontEnd
    from genre_model.papers.reproduction import Reproduction
    from genre_model.papers.rows import Row
    from genre_model.training.data.protocols import Fold

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
#: Under which paper 003's systems are judged, its own last.
TRACK_PROTOCOLS = ("fault-filtered", "rotation", "stratified", "stratified-80-10-10")


def segment_lengths(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the segments that the lengths of paper 002 give of our tracks (B2).

    Raises:
        TrainingDataError: if there are no tracks.
    """
    n_tracks = len(find_tracks(reproduction.data_dir))
    measurements = []
    findings = ["The paper's 1-s pieces are 22,000 samples of its code: 0.998 s."]
    for seconds, published in PUBLISHED_PICTURES.items():
        front_end = front_end_of_length(seconds, reproduction)
        per_track = segments_per_track(front_end)
        name = f"segments of {seconds} s"
        measurements.append(
            Measurement(
                name,
                "segments",
                published,
                n_tracks * per_track,
                n=n_tracks,
                data=reproduction.data_name,
            )
        )
        findings.append(_length_finding(name, per_track, front_end))
    findings += impossible_new_songs()
    return Outcome(row.id, tuple(measurements), tuple(findings))


def half_overlapping(row: Row, reproduction: Reproduction) -> Outcome:
    """Count the half-overlapping segments of a clip, and tracks on two sides (C1)."""
    front_end = read_recipe("c3_cnn").front_end
    measurements = _cut("recipe c3_cnn on audio", "audio", front_end)
    if reproduction.has_pictures:
        (c3,) = chosen_rows(["C3"])
        front_end = reproduction.recipe(c3.systems[0]).front_end
        name = "recipe c3_cnn on mel pictures"
        measurements += _cut(name, "mel pictures", front_end)
    for protocol in TRACK_PROTOCOLS:
        n_both = sum(len(tracks_on_two_sides(fold)) for fold in folds_of(protocol))
        measurements.append(
            Measurement(
                "tracks on two sides",
                "tracks",
                0,
                n_both,
                protocol=protocol,
                leaky=is_leaky(protocol),
            )
        )
    spread = (
        "3 s every 1.5 s fit 19 times into 30 s; 20 would take 31.5 s. Ours are spread "
        "evenly over the clip. They only score: in training, segments begin anywhere."
    )
    findings = (spread, *possible_units())
    return Outcome(row.id, tuple(measurements), findings)


def impossible_new_songs() -> Iterator[str]:
    """Name the accuracies of paper 002's table V that no number of its segments gives."""
    for (network, seconds), percent in CAPOBIANCO_NEW_SONGS.items():
        n = N_NEW_SONGS * NEW_SONG_SECONDS // seconds
        if counts_printed_as(percent, n):
            continue
        same = [
            f"{other} ({length})"
            for (other, length), value in CAPOBIANCO_NEW_SONGS.items()
            if value == percent and (other, length) != (network, seconds)
        ]
        also = f"; {' and '.join(same)} has the same number" * bool(same)
        yield (
            f"Table V, {network} ({seconds}) on {N_NEW_SONGS} songs of {NEW_SONG_SECONDS} "
            f"s: {possible_text(percent, n, f'segments of {seconds} s')}{also}."
        )


def possible_units() -> Iterator[str]:
    """Say of what paper 003's accuracies can be: of its test tracks, of their segments."""
    for row in chosen_rows(list(PRINTED_ROWS)):
        percent = 100 * row.systems[0].published["accuracy"]
        said = [possible_text(percent, N_TEST_TRACKS, "tracks")]
        said += [
            possible_text(percent, N_TEST_TRACKS * per_track, f"segments, {per_track} each")
            for per_track in SEGMENTS_PER_TRACK
        ]
        yield f"{row.systems[0].name}: {'; '.join(said)}."


def front_end_of_length(seconds: int, reproduction: Reproduction) -> FrontEnd:
    """Return the front end of paper 002's base CRNN on segments of a given length."""
    (row,) = chosen_rows(["B8"])
    systems = [one for one in row.systems if one.recipe == "b4_crnn"]
    system = next(one for one in systems if f", {seconds} s" in one.name)
    return reproduction.recipe(system).front_end


def _cut(name: str, data: str, front_end: FrontEnd) -> list[Measurement]:
    config = front_end.segment
    starts = segment_start_frames(clip_frames(front_end), config)
    overlap = 1 - float(np.diff(starts).mean()) / config.segment_frames
    return [
        Measurement(name, "segments of a clip", PUBLISHED_SEGMENTS, len(starts), data=data),
        Measurement(name, "mean overlap", PUBLISHED_OVERLAP, overlap, data=data),
    ]


def tracks_on_two_sides(fold: Fold) -> set[str]:
    """Return the tracks that are in more than one part of a fold, if only in segments."""
    train, valid, test = map(_tracks, (fold.train, fold.valid, fold.test))
    return (train & valid) | (train & test) | (valid & test)


def _tracks(names: Iterable[str]) -> set[str]:
    return {track_of(name) for name in names}


def _length_finding(name: str, per_track: int, front_end: FrontEnd) -> str:
    n_frames = front_end.segment.segment_frames
    seconds = n_frames / front_end.frames_per_second
    return f"{name}: {per_track} of a track, each {n_frames} frames or {seconds:.2f} s."
