"""Model files: one ONNX network with its card inside."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.errors import ModelFileError
from genre_model.features.mel_frames import count_bands
from genre_model.model.card import Card, card_from_json
from genre_model.model.segment_probabilities import SegmentScorer
from genre_model.model.source import find_model, read_network

if TYPE_CHECKING:
    from pathlib import Path

CARD_KEY = "card"


@dataclass(frozen=True)
class Model:
    """A model that is ready to run; ``sha256`` and ``content`` are those of its file."""

    card: Card
    scorer: SegmentScorer
    sha256: str
    content: bytes = field(default=b"", repr=False)

    @property
    def model_id(self) -> str:
        """Name and content, such as ``genre_crnn_v1@1a2b3c4d``."""
        return f"{self.card.name}@{self.sha256[:8]}"


def read_model(model: str | Path | None = None) -> Model:
    """Read and check a model file.

    Args:
        model: path of an ``.onnx`` file or name of a bundled model; None is
            ``DEFAULT_MODEL``.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
    """
    content = read_network(model)
    try:
        return model_from_bytes(content)
    except ModelFileError as error:
        raise type(error)(f"model file {find_model(model)}: {error}") from error


def model_from_bytes(content: bytes) -> Model:
    """Check the content of a model file.

    Raises:
        ModelFileError: if anything is wrong with it.
    """
    scorer = SegmentScorer(content)
    card = card_from_json(scorer.metadata.get(CARD_KEY))
    _check_shapes(scorer, card)
    return Model(card, scorer, hashlib.sha256(content).hexdigest(), content)


def with_card(network: bytes, card: Card) -> bytes:
    """Return the content of a model file: a serialised network with a card."""
    import onnx

    proto = onnx.load_model_from_string(network)
    onnx.helper.set_model_props(proto, {CARD_KEY: card.to_json()})
    content: bytes = proto.SerializeToString()
    return content


def write_model(path: Path, network: bytes, card: Card) -> None:
    """Write a serialised network with a card as a model file, atomically."""
    write_atomically(path, with_card(network, card))


def _check_shapes(scorer: SegmentScorer, card: Card) -> None:
    front_end = card.front_end
    expected = (count_bands(front_end.mel), front_end.segment.segment_frames)
    if scorer.segment_shape != expected:
        raise ModelFileError(
            f"its network takes segments of {scorer.segment_shape}, its card of {expected}"
        )
    if scorer.n_outputs != card.n_outputs:
        raise ModelFileError(
            f"its network has {scorer.n_outputs} outputs, its card {card.n_outputs}"
        )
