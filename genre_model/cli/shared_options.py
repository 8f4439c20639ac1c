"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.cli.option_values import positive
from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    import argparse

SOURCES = ("auto", "audio", "pictures")
#: What ``--protocol`` takes; spelled out, for a parser should not load lists of tracks.
PROTOCOLS = (
    "fault-filtered",
    "rotation",
    "development",
    "artist-folds",
    "stratified",
    "stratified-80-20",
    "stratified-80-10-10",
    "segment-random",
    "all",
)


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add where the data set is, and which of its tracks serve what."""
    parser.add_argument("--data", required=True, type=Path, help="the GTZAN folder")
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="fault-filtered",
        help="which tracks train and test (default: fault-filtered)",
    )


def add_leave_out(parser: argparse.ArgumentParser) -> None:
    """Add which tracks no training may see."""
    parser.add_argument(
        "--leave-out", type=Path, help="file of track ids that are never trained on"
    )


def read_track_ids(path: Path | None) -> frozenset[str]:
    """Read the ids in the file of ``--leave-out``; without a file, there are none.

    Raises:
        TrainingDataError: if it cannot be read.
    """
    if path is None:
        return frozenset()
    try:
        return frozenset(path.read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"--leave-out: cannot read {path}: {error}") from error


def add_combine(parser: argparse.ArgumentParser) -> None:
    """Add how segments become a track."""
    parser.add_argument(
        "--combine",
        choices=("mean", "vote"),
        default="mean",
        help="segments to track: mean probability (default) or majority vote",
    )


def add_scoring(parser: argparse.ArgumentParser, *more_sources: str) -> None:
    """Add what is scored, and how, to a command that scores.

    Args:
        parser: of the command.
        more_sources: that ``--source`` takes besides the usual.
    """
    parser.add_argument(
        "--seeds", type=positive, metavar="N", help="how many seeds must be there"
    )
    add_source(parser, *more_sources)
    parser.add_argument(
        "--part",
        choices=("test", "valid"),
        default="test",
        help="score the test tracks, or those that may choose settings (default: test)",
    )
    add_combine(parser)
    parser.add_argument(
        "--allow-seen",
        action="store_true",
        help="score a model even on tracks that it was trained on, and say so",
    )


def add_source(parser: argparse.ArgumentParser, *more_sources: str) -> None:
    """Add which form of the tracks is taken.

    Args:
        parser: of the command.
        more_sources: choices besides the usual.
    """
    both = "; both compares tracks that exist as audio and picture" if more_sources else ""
    parser.add_argument(
        "--source",
        choices=(*SOURCES, *more_sources),
        default=SOURCES[0],
        help=f"audio or mel pictures (default: whichever has more tracks){both}",
    )


def add_set(parser: argparse.ArgumentParser) -> None:
    """Add changes of a recipe's settings."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.NAME=VALUE",
        help="change a setting of the recipe, such as training.genre_balance=1",
    )


def add_threads(parser: argparse.ArgumentParser) -> None:
    """Add how many threads torch takes."""
    parser.add_argument(
        "--threads", type=positive, help="threads of torch (default: its own choice)"
    )


def add_published_files(parser: argparse.ArgumentParser) -> None:
    """Add the files of published networks, where they cannot be downloaded."""
    parser.add_argument(
        "--from",
        dest="source",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a published file, where there is no network; once for each",
    )
