"""How well audio matches the published mel pictures, by bands and by quality of the copy.

    python benchmarks/picture_parity.py GTZAN

The folder needs ``clips/``, ``clips.csv`` (columns track, source_quality) and ``mel_png/``.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from genre_model.training.data.gtzan import find_tracks
from genre_model.training.data.labelled_mel_frames import track_mel_frames
from genre_model.training.recipe import read_recipe


def main() -> None:
    """Print median correlations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data: Path = parser.parse_args().data
    with (data / "clips.csv").open(encoding="utf-8") as file:
        quality_of = {row["track"]: row["source_quality"] for row in csv.DictReader(file)}
    pictures = {track.track_id: track for track in find_tracks(data, "pictures")}
    kept = read_recipe("gtzan_crnn").front_end
    whole = replace(kept, mel=replace(kept.mel, keep_below_hz=kept.mel.f_max_hz))
    correlations: dict[str, list[tuple[float, float]]] = {}
    for track in find_tracks(data, "audio"):
        heard = track_mel_frames(track, whole)
        seen = track_mel_frames(pictures[track.track_id], whole)
        n_frames = min(heard.shape[1], seen.shape[1])
        n_kept = len(track_mel_frames(pictures[track.track_id], kept))
        pair = [
            float(
                np.corrcoef(heard[:n, :n_frames].ravel(), seen[:n, :n_frames].ravel())[0, 1]
            )
            for n in (len(heard), n_kept)
        ]
        name = quality_of[track.track_id] + track.path.suffix
        correlations.setdefault(name, []).append((pair[0], pair[1]))
    print(f"{'copy':36} clips  all bands  kept bands")
    for name, pairs in sorted(correlations.items()):
        every, below = (median(column) for column in zip(*pairs, strict=True))
        print(f"{name:36} {len(pairs):5d} {every:10.4f} {below:11.4f}")


if __name__ == "__main__":
    main()
