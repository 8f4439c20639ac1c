"""The command line ``genre-model``: parsing, and dispatch to each command's module."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from typing import TYPE_CHECKING

from genre_model.cli.backbone import add_backbone
from genre_model.cli.calibrate import add_calibrate
from genre_model.cli.compare import add_compare
from genre_model.cli.distil import add_distil
from genre_model.cli.evaluate import add_evaluate
from genre_model.cli.export import add_export
from genre_model.cli.features import add_features
from genre_model.cli.models import add_models
from genre_model.cli.predict import add_predict
from genre_model.cli.reproduce import add_reproduce
from genre_model.cli.search import add_search
from genre_model.cli.sweep import add_sweep
from genre_model.cli.train import add_train
from genre_model.cli.train_head import add_train_head
from genre_model.errors import GenreModelError
from genre_model.model.card_text import printable

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
    command = getattr(import_module(f"genre_model.cli.{name}"), name)
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
    add_predict(commands)
    add_models(commands)
    add_backbone(commands)
    add_train_head(commands)
    add_train(commands)
    add_evaluate(commands)
    add_compare(commands)
    add_sweep(commands)
    add_search(commands)
    add_features(commands)
    add_reproduce(commands)
    add_export(commands)
    add_distil(commands)
    add_calibrate(commands)
    return parser
