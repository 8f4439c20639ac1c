"""Model files: one ONNX network with its card inside."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from genre_model.atomic_file import write_atomically
from genre_model.card import Card, card_from_json
from genre_model.errors import ModelFileError
from genre_model.mel_frames import count_bands
from genre_model.segment_probabilities import SegmentScorer

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DEFAULT_MODEL = "gtzan_crnn_v1"
#: No model of this project comes near; a larger file is a mistake.
MAX_BYTES = 256 * 2**20
CARD_KEY = "card"


@dataclass(frozen=True)
class Model:
    """A model ready to run.

    Attributes:
        card: what it says of itself.
        scorer: its network.
        sha256: of the whole file, 64 hexadecimal digits.
    """

    card: Card
    scorer: SegmentScorer
    sha256: str

    @property
    def model_id(self) -> str:
        """Name and content, such as ``gtzan_crnn_v1@1a2b3c4d``."""
        return f"{self.card.name}@{self.sha256[:8]}"


def bundled_model_names() -> list[str]:
    """Return the names of the models that come with the package."""
    folder = resources.files("genre_model") / "models"
    paths = [Path(entry.name) for entry in folder.iterdir()]
    return sorted(path.stem for path in paths if path.suffix == ".onnx")


def read_model(model: str | Path | None = None) -> Model:
    """Read and check a model file.

    Args:
        model: path of an ``.onnx`` file or name of a bundled model; None is
            ``DEFAULT_MODEL``.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
    """
    source = _find(model)
    try:
        return model_from_bytes(_read_bytes(source))
    except ModelFileError as error:
        raise type(error)(f"model file {source}: {error}") from error


def read_network(model: str | Path | None = None) -> bytes:
    """Return the whole content of a model file, its network to be built upon.

    Raises:
        ModelFileError: one line that names the file and what is wrong with it.
    """
    source = _find(model)
    try:
        return _read_bytes(source)
    except ModelFileError as error:
        raise ModelFileError(f"model file {source}: {error}") from error


def model_from_bytes(content: bytes) -> Model:
    """Check a model file that has been read, or is yet to be written.

    Raises:
        ModelFileError: what is wrong with it.
    """
    scorer = SegmentScorer(content)
    card = card_from_json(scorer.metadata.get(CARD_KEY))
    _check_shapes(scorer, card)
    return Model(card, scorer, hashlib.sha256(content).hexdigest())


def with_card(network: bytes, card: Card) -> bytes:
    """Put a card into a serialised network: the content of a model file."""
    import onnx

    proto = onnx.load_model_from_string(network)
    onnx.helper.set_model_props(proto, {CARD_KEY: card.to_json()})
    content: bytes = proto.SerializeToString()
    return content


def write_model(path: Path, network: bytes, card: Card) -> None:
    """Put the card into a serialised network and write both as one file, atomically."""
    write_atomically(path, with_card(network, card))


def _find(model: str | Path | None) -> Path | Traversable:
    name = str(model or DEFAULT_MODEL)
    if name.lower().endswith(".onnx"):
        return Path(os.path.expanduser(name))  # noqa: PTH111 -- it never raises
    if name not in bundled_model_names():
        if os.path.exists(name):  # noqa: PTH110 -- it never raises
            raise ModelFileError(f"model file {name}: its name must end in .onnx")
        raise ModelFileError(
            f"no model {name!r}; there is {', '.join(bundled_model_names()) or 'none'}, "
            "or give the path of an .onnx file"
        )
    return resources.files("genre_model") / "models" / f"{name}.onnx"


def _read_bytes(source: Path | Traversable) -> bytes:
    try:
        if isinstance(source, Path) and source.stat().st_size > MAX_BYTES:
            raise ModelFileError(f"it is larger than {MAX_BYTES // 2**20} MB")
        return source.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot be read ({error.strerror})") from error


def _check_shapes(scorer: SegmentScorer, card: Card) -> None:
    front_end = card.front_end
    expected = (count_bands(front_end.mel), front_end.segment.segment_frames)
    if scorer.segment_shape != expected:
        raise ModelFileError(
            f"its network takes segments of {scorer.segment_shape}, its card of {expected}"
        )
    if scorer.n_genres != len(card.genres):
        raise ModelFileError(
            f"its network has {scorer.n_genres} outputs, its card {len(card.genres)} genres"
        )
