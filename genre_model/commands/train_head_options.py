"""The options of ``genre-model train-head``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.commands.option_values import (
    natural,
    path_to,
    positive,
    renaming,
    several,
    share,
)
from genre_model.model_source import BACKBONES
from genre_model.personal.settings import PersonalSettings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

DEFAULTS = PersonalSettings()
#: The first label of a track trains, or all of them.
LABELS = ("first", "all")


def add_train_head(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train-head", help="train a model for genres of your own, in minutes"
    )
    _add_files(parser)
    _add_model(parser)
    _add_labels(parser)
    _add_score(parser)


def _add_files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        required=True,
        type=Path,
        metavar="DIR|CSV",
        help="folder with a folder for each genre, or table with columns path and label",
    )
    parser.add_argument(
        "--test",
        type=Path,
        metavar="DIR|CSV",
        help="other tracks, laid out likewise, that are only scored",
    )
    parser.add_argument(
        "--cache",
        type=path_to(".db"),
        metavar="FILE.db",
        help="keeps what was heard for the next training (default: beside --out)",
    )
    parser.add_argument(
        "--report",
        type=path_to(".json"),
        metavar="FILE.json",
        help="write every number of the score",
    )
    parser.add_argument(
        "-t",
        "--threads",
        type=positive,
        help="files at once (default: cores, up to 4)",
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        required=True,
        type=path_to(".onnx"),
        metavar="FILE.onnx",
        help="the new model",
    )
    parser.add_argument("--name", help="of the new model (default: that of --out)")
    network = parser.add_mutually_exclusive_group()
    network.add_argument(
        "--parent",
        metavar="MODEL",
        help="whose network listens: name or .onnx file (default: the bundled one)",
    )
    network.add_argument(
        "--backbone",
        choices=BACKBONES,
        metavar="NAME",
        help=f"a published network listens, once installed: {', '.join(BACKBONES)}",
    )
    parser.add_argument(
        "--replace", action="store_true", help="replace even a better model at --out"
    )


def _add_labels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        choices=LABELS,
        default=LABELS[0],
        help="the first label of a track, or all: several genres at once (default: first)",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        type=renaming,
        metavar="OLD=NEW",
        help="rename a label, or drop it (OLD=); several: OLD=NEW;NEW",
    )
    parser.add_argument(
        "--alias",
        action="append",
        default=[],
        type=renaming,
        metavar="LABEL=GENRE",
        help="what a label is to the parent, for comparison (default: the same name)",
    )
    parser.add_argument(
        "--min-tracks",
        type=positive,
        default=DEFAULTS.min_tracks,
        metavar="N",
        help=f"drop labels with fewer (default: {DEFAULTS.min_tracks})",
    )
    parser.add_argument(
        "--max-per-artist",
        type=positive,
        metavar="N",
        help="tracks of an artist within a label (default: any number)",
    )


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--genre-balance",
        type=share,
        default=DEFAULTS.genre_balance,
        metavar="X",
        help=f"0: tracks weigh the same, 1: genres (default: {DEFAULTS.genre_balance:g})",
    )
    parser.add_argument(
        "--folds",
        type=several,
        default=DEFAULTS.n_folds,
        metavar="N",
        help=f"of the cross-validation (default: {DEFAULTS.n_folds})",
    )
    parser.add_argument(
        "--seed",
        type=natural,
        default=DEFAULTS.seed,
        metavar="N",
        help=f"of the folds (default: {DEFAULTS.seed})",
    )


def command_line(options: argparse.Namespace) -> str:
    """Return what trains such a model, for its card: no path is anybody's business."""
    return shlex.join(["genre-model", "train-head", *_words(options)])


def _network_words(options: argparse.Namespace) -> Iterator[str]:
    if options.backbone:
        yield from ("--backbone", options.backbone)
    elif options.parent:
        is_file = options.parent.lower().endswith(".onnx")
        yield from ("--parent", "PARENT" if is_file else options.parent)


def _words(options: argparse.Namespace) -> Iterator[str]:
    yield from ("--data", "DATA", "--out", "OUT")
    yield from _network_words(options)
    for flag, value, default in (
        ("--name", options.name, None),
        ("--labels", options.labels, LABELS[0]),
        ("--min-tracks", options.min_tracks, DEFAULTS.min_tracks),
        ("--max-per-artist", options.max_per_artist, None),
        ("--genre-balance", options.genre_balance, DEFAULTS.genre_balance),
        ("--folds", options.folds, DEFAULTS.n_folds),
        ("--seed", options.seed, DEFAULTS.seed),
    ):
        if value != default:
            yield from (flag, str(value))
    for flag, renamings in (("--map", options.map), ("--alias", options.alias)):
        for old, new in renamings:
            yield from (flag, f"{old}={';'.join(new)}")
    if options.test:
        yield from ("--test", "TEST")
