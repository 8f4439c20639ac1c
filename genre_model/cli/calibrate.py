"""``genre-model calibrate``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.cli.option_values import path_to, positive

if TYPE_CHECKING:
    import argparse

log = logging.getLogger(__name__)


def add_calibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "calibrate", help="fit the temperature of a model to labelled songs"
    )
    parser.add_argument("model", help="name or .onnx file")
    parser.add_argument(
        "--songs",
        required=True,
        type=Path,
        metavar="DIR|CSV",
        help="a folder with one folder for each genre, or a table of path, label and "
        "artist; labels that are not the model's stand for other music",
    )
    parser.add_argument(
        "--bias",
        action="append",
        default=[],
        metavar="GENRE",
        help="a genre whose logit gets a bias, too; repeatable",
    )
    parser.add_argument(
        "--segments",
        type=positive,
        metavar="N",
        help="segments of each track to listen to (default: the model's number)",
    )
    parser.add_argument("--out", required=True, type=path_to(".onnx"), metavar="FILE.onnx")


def calibrate(options: argparse.Namespace) -> int:
    """Write the calibrated model, and print what it gains on other artists."""
    from genre_model.atomic_file import write_atomically
    from genre_model.errors import TrainingDataError
    from genre_model.model.model_file import read_model
    from genre_model.personal.labelled_files import read_labelled_csv, read_labelled_folder
    from genre_model.training.distillation.calibration import (
        calibrated,
        cross_fitted,
        fit_calibration,
        hear_songs,
        with_segments,
    )

    model = read_model(options.model)
    if options.segments:
        model = with_segments(model, options.segments)
    genres = model.card.genres
    if unknown := sorted(set(options.bias) - set(genres)):
        raise TrainingDataError(
            f"--bias: the model has no {', '.join(unknown)}; it has {', '.join(genres)}"
        )
    read = read_labelled_folder if options.songs.is_dir() else read_labelled_csv
    songs = hear_songs(model, read(options.songs, log.warning), log.warning)
    biased = [genres.index(genre) for genre in options.bias]
    before, after = cross_fitted(songs, len(genres), biased, model.card.temperature)
    print(f"uncalibrated: {before}")
    print(f"calibrated on other artists: {after}")
    calibration = fit_calibration(songs, len(genres), biased)
    biases = ", ".join(
        f"{genre} {calibration.biases[genres.index(genre)]:+.2f}" for genre in options.bias
    )
    print(f"temperature {calibration.temperature:.2f}, biases {biases or 'none'}")
    write_atomically(options.out, calibrated(model, calibration, after))
    print(f"The model is in {options.out}")
    return 0
