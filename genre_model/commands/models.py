"""``genre-model models``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.errors import GenreModelError
from genre_model.model_file import Card, bundled_model_names, read_model

if TYPE_CHECKING:
    import argparse


def models(options: argparse.Namespace) -> int:
    """Print the bundled models, or the card of one."""
    names = [options.model] if options.model else bundled_model_names()
    if not names:
        raise GenreModelError("no model is bundled: the installation is incomplete")
    for name in names:
        model = read_model(name)
        if options.json:
            print(model.card.to_json())
        else:
            print(f"{model.model_id}\n  genres: {', '.join(model.card.genres)}")
            print("\n".join(_accuracy_lines(model.card)))
    return 0


def _accuracy_lines(card: Card) -> list[str]:
    return [
        f"  {protocol}: accuracy {values['accuracy']:.3f} (sd {values['sd']:.3f} over "
        f"{values['seeds']} seeds, {values['n_tracks']} tracks)"
        + (" LEAKY" if values["leaky"] else "")
        for protocol, values in card.metrics.items()
    ] or ["  accuracy: not measured"]
