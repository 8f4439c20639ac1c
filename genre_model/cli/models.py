"""``genre-model models``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.errors import GenreModelError
from genre_model.model.card_text import card_details, card_summary
from genre_model.model.source import bundled_model_names, installed_model_names

if TYPE_CHECKING:
    import argparse


def add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("models", help="list the models there are, or show one")
    parser.add_argument("model", nargs="?", help="name or .onnx file to show")
    parser.add_argument("--json", action="store_true", help="print the whole card")


def models(options: argparse.Namespace) -> int:
    """Print the models that have names, or the card of one."""
    from genre_model.model.model_file import read_model

    bundled = bundled_model_names()
    if not (options.model or bundled):
        raise GenreModelError("no model is bundled: the installation is incomplete")
    names = [options.model] if options.model else [*bundled, *installed_model_names()]
    as_text = card_details if options.model else card_summary
    for name in names:
        model = read_model(name)
        print(model.card.to_json() if options.json else as_text(model.model_id, model.card))
    return 0
