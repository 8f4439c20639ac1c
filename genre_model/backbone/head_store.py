"""Bundled heads of backbones: weights with a card."""

from __future__ import annotations

import io
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model.model.card import Card
from genre_model.model.source import check_sum
from genre_model.personal.heads import LinearHead

if TYPE_CHECKING:
    from genre_model.features.config import FrontEnd


def read_head(name: str, front_end: FrontEnd) -> tuple[LinearHead, Card]:
    """Read the bundled head of a model, and the card of backbone and head.

    The weights of the standard deviation are 0, since it depends on the length of a track.

    Raises:
        ModelFileError: if its file is damaged.
    """
    file_name = f"{name}.npz"
    content = (resources.files("genre_model") / "models" / file_name).read_bytes()
    check_sum(file_name, content)
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        of_mean, bias = arrays["weights_of_mean"], arrays["bias"]
        values: dict[str, Any] = json.loads(str(arrays["card"]))
    weights = np.concatenate([of_mean, np.zeros_like(of_mean)], axis=1)
    card = Card(
        name=name,
        genres=tuple(values["genres"]),
        front_end=front_end,
        temperature=values["temperature"],
        metrics=values["metrics"],
        training=values["training"],
        licence=values["licence"],
        pool_logits=True,
    )
    return LinearHead(weights, bias), card


def head_content(head: LinearHead, card: Card) -> bytes:
    """Return the content of a file that :func:`read_head` reads."""
    kept = ("temperature", "metrics", "training", "licence")
    values = {name: getattr(card, name) for name in kept} | {"genres": list(card.genres)}
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        weights_of_mean=head.weights[:, : head.weights.shape[1] // 2],
        bias=head.bias,
        card=np.array(json.dumps(values, sort_keys=True)),
    )
    return buffer.getvalue()
