"""``genre-model features``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.commands.train_head import Progress
from genre_model.errors import GenreModelError
from genre_model.training.gtzan import find_tracks
from genre_model.training.tables.feature_extraction import write_features

if TYPE_CHECKING:
    import argparse


def features(options: argparse.Namespace) -> int:
    """Write the table, and say where it is."""
    if options.out.is_dir():
        raise GenreModelError(f"--out {options.out} is a folder; expected a .csv file")
    tracks = find_tracks(options.data, "audio")
    progress = Progress()
    try:
        n_failed = write_features(
            tracks,
            options.out,
            segment_seconds=options.segment_seconds,
            n_threads=options.threads,
            watcher=progress,
        )
    except KeyboardInterrupt:
        progress.warning("stopped; the same command goes on from here")
        raise
    finally:
        progress.close()
    print(f"{options.out} has the features of {len(tracks) - n_failed} tracks")
    return 1 if n_failed else 0
