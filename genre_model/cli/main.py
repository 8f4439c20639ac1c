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

from genre_model.errors import GenreModelError
from genre_model.model.card_text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Module of each command; it has a function of the same name, and ``add_`` that name.
COMMANDS = (
    *("predict", "models", "backbone", "train_head", "train", "evaluate", "compare"),
    *("sweep", "search", "features", "reproduce", "export", "distil", "calibrate"),
)
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
        # The reader ended (| head): discard the rest of the buffer.
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
    for name in COMMANDS:
        getattr(import_module(f"genre_model.cli.{name}"), f"add_{name}")(commands)
    return parser
