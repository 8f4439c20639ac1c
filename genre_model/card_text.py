"""A model's card as text for people."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genre_model.model_file import Card

WIDTH = 88


def card_summary(model_id: str, card: Card) -> str:
    """Return a few lines: the model, its genres, how often it was right."""
    lines = [f"genres: {', '.join(card.genres)}", *_accuracy(card)]
    return "\n".join([model_id, *(f"  {line}" for line in lines)])


def card_details(model_id: str, card: Card) -> str:
    """Return everything that a person may want to know before trusting a model."""
    known = {name: card.training.get(name) for name in ("recipe", "data", "n_tracks")}
    training = [f"{name} {value}" for name, value in known.items() if value is not None]
    lines = [
        f"trained with: {', '.join(training) or 'not said'}",
        *(
            f"{protocol}: {values['command']}"
            for protocol, values in card.metrics.items()
            if values.get("command")
        ),
        f"licence: {card.licence or 'not said'}",
    ]
    wrapped = [_wrapped(line) for line in lines]
    return "\n".join([card_summary(model_id, card), *wrapped])


def _accuracy(card: Card) -> list[str]:
    return [
        f"{protocol}: accuracy {values['accuracy']:.3f} (sd {values['sd']:.3f} over "
        f"{values['seeds']} seeds, {values['n_tracks']} tracks)"
        + (" LEAKY" if values["leaky"] else "")
        for protocol, values in card.metrics.items()
    ] or ["accuracy: not measured"]


def _wrapped(line: str) -> str:
    return textwrap.fill(
        line,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
