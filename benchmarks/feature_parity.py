"""How well the computed features match Kaggle's table, column for column.

    python benchmarks/feature_parity.py GTZAN [--all-copies]

The folder needs audio, ``clips.csv`` (columns track, source_quality) and
``features_30_sec.csv``. Only bit-exact originals are compared, unless lossy and trimmed
copies are asked for, too.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np

from genre_model.cli.train_head import Progress
from genre_model.papers.tables.feature_extraction import write_features
from genre_model.papers.tables.feature_table import (
    find_feature_table,
    read_feature_table,
)
from genre_model.training.data.gtzan import LabelledTrack, find_tracks

LOSSLESS = {".flac", ".wav", ".au"}
ORIGINAL = "orig_22k_30s"


def main() -> None:
    """Print median and largest relative differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--all-copies", action="store_true")
    options = parser.parse_args()
    tracks = find_tracks(options.data, "audio")
    if not options.all_copies:
        tracks = originals(options.data, tracks)
    if not tracks:
        sys.exit(f"{options.data} has no original that clips.csv knows")
    progress = Progress()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "features.csv"
        write_features(tracks, out, watcher=progress)
        computed = read_feature_table(out)
    progress.close()
    published = read_feature_table(find_feature_table(options.data))
    published = published.rows_named(computed.row_ids)
    computed = computed.rows_named(published.row_ids)
    difference = np.abs(computed.values - published.values)
    relative = difference / np.maximum(np.abs(published.values), np.finfo(float).tiny)
    print(
        f"{len(computed.row_ids)} clips, librosa {version('librosa')}: relative difference"
    )
    print(f"{'column':24} {'median':>9} {'largest':>9}")
    for name, column in zip(computed.names, relative.T, strict=True):
        print(f"{name:24} {np.median(column):9.1e} {column.max():9.1e}")


def originals(data: Path, tracks: list[LabelledTrack]) -> list[LabelledTrack]:
    """Return the tracks that are as they were published."""
    with (data / "clips.csv").open(encoding="utf-8") as file:
        quality_of = {row["track"]: row["source_quality"] for row in csv.DictReader(file)}
    return [
        track
        for track in tracks
        if quality_of.get(track.track_id) == ORIGINAL
        and track.path.suffix.lower() in LOSSLESS
    ]


if __name__ == "__main__":
    main()
