"""``genre-model features``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.cli.option_values import path_to, positive
from genre_model.cli.train_head import Progress
from genre_model.errors import GenreModelError

if TYPE_CHECKING:
    import argparse


def add_features(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "features", help="compute Kaggle's feature table (needs the [train] extra)"
    )
    parser.add_argument(
        "data", type=Path, metavar="DIR", help="the GTZAN folder, with audio"
    )
    parser.add_argument(
        "--out",
        required=True,
        type=path_to(".csv"),
        metavar="FILE.csv",
        help="the table; a run that was killed goes on",
    )
    parser.add_argument(
        "--segment-seconds",
        type=positive,
        metavar="N",
        help="one row per segment of N seconds, as in Kaggle's other table (N=3)",
    )
    parser.add_argument(
        "-t",
        "--threads",
        type=positive,
        help="files at once (default: cores, up to 4)",
    )


def features(options: argparse.Namespace) -> int:
    """Write the table, and say where it is."""
    from genre_model.papers.tables.feature_extraction import write_features
    from genre_model.training.data.gtzan import find_tracks

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
