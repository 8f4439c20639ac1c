"""The command line ``genre-model``: parsing, and dispatch to each command's module."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.card_text import printable
from genre_model.commands.backbone_options import add_backbone
from genre_model.commands.calibrate import add_calibrate
from genre_model.commands.compare_options import add_compare
from genre_model.commands.distil import add_distil
from genre_model.commands.evaluate_options import add_evaluate
from genre_model.commands.features_options import add_features
from genre_model.commands.option_values import positive
from genre_model.commands.reproduce_options import add_reproduce
from genre_model.commands.search_options import add_search
from genre_model.commands.shared_options import add_combine
from genre_model.commands.sweep_options import add_sweep
from genre_model.commands.train_head_options import add_train_head
from genre_model.commands.train_options import add_train
from genre_model.errors import GenreModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0 if everything succeeded, 1 if a file or the command failed, 2
        for wrong usage.
    """
    options = _parser().parse_args(arguments)
    _prepare_output()
    try:
        return _run(options)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away (| head): what is left in the buffer has no place to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (GenreModelError, OSError) as error:
        print(f"genre-model: {printable(_line_of(error))}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("genre_model", "beetsplug")):
            raise
        print(
            f"genre-model {options.command} needs the package {error.name}: install "
            "beets-genreclf[train]",
            file=sys.stderr,
        )
    return 1


def _prepare_output() -> None:
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("genre_model").setLevel(logging.INFO)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A file name that the terminal's encoding lacks must not end the run.
            stream.reconfigure(errors="backslashreplace")


def _line_of(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)


def _run(options: argparse.Namespace) -> int:
    """Call the function that is named as its command, in the module of that name."""
    name = options.command.replace("-", "_")
    command: Callable[[argparse.Namespace], int]
    command = getattr(import_module(f"genre_model.commands.{name}"), name)
    return command(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="genre-model",
        description="Predicts the genre of music from its audio; trains such models.",
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {version('beets-genreclf')}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_predict(commands)
    _add_models(commands)
    add_backbone(commands)
    add_train_head(commands)
    add_train(commands)
    add_evaluate(commands)
    add_compare(commands)
    add_sweep(commands)
    add_search(commands)
    add_features(commands)
    add_reproduce(commands)
    _add_export(commands)
    add_distil(commands)
    add_calibrate(commands)
    return parser


def _add_predict(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("predict", help="print the genres of audio files")
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="FILE|DIR",
        help="audio, or folders to search for it",
    )
    parser.add_argument("--model", help="name of a model, or an .onnx file")
    parser.add_argument(
        "--top", type=positive, default=3, help="genres per file (default: 3)"
    )
    parser.add_argument("--segments", action="store_true", help="also each segment")
    parser.add_argument("--json", action="store_true", help="one JSON object per file")
    add_combine(parser)
    parser.add_argument(
        "-t",
        "--threads",
        type=positive,
        help="files at once (default: cores, up to 4)",
    )


def _add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("models", help="list the models there are, or show one")
    parser.add_argument("model", nargs="?", help="name or .onnx file to show")
    parser.add_argument("--json", action="store_true", help="print the whole card")


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "export", help="write the model of a run with the accuracy that was measured"
    )
    parser.add_argument("run", type=Path, help="folder of one training (.../seed-0)")
    parser.add_argument("--name", required=True, help="such as genre_crnn_v1")
    parser.add_argument("--out", required=True, type=Path, help="the .onnx file")
    parser.add_argument(
        "--report",
        required=True,
        action="append",
        type=Path,
        help="report.json of the same recipe without its test tracks; repeatable",
    )
