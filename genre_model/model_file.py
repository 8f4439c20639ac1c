"""Model files: one ONNX network with its card inside."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genre_model.atomic_file import write_atomically
from genre_model.config import FrontEnd, fingerprint
from genre_model.errors import FingerprintMismatchError, ModelFileError
from genre_model.mel_frames import count_bands
from genre_model.segment_probabilities import SegmentScorer

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DEFAULT_MODEL = "gtzan_crnn_v1"
FORMAT_VERSION = 1
#: No model of this project comes near; a larger file is a mistake.
MAX_BYTES = 256 * 2**20
CARD_KEY = "card"


@dataclass(frozen=True)
class Card:
    """What a model file says of itself: JSON under the ONNX metadata key ``card``.

    Attributes:
        name: such as ``gtzan_crnn_v1``.
        genres: in the order of the logits, spelled as they are written to tags.
        front_end: every number from file to segment.
        temperature: divides the logits before the softmax.
        metrics: measured accuracy by protocol.
        training: recipe, seed, data and track ids of the training.
        licence: what may be done with the weights, and what they were trained on.
    """

    name: str
    genres: tuple[str, ...]
    front_end: FrontEnd
    temperature: float
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = ""

    def to_json(self) -> str:
        """Return the text that :func:`card_from_json` reads."""
        front_end = self.front_end
        values = {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "genres": list(self.genres),
            "configs": front_end.to_dict(),
            "fingerprint": fingerprint(
                front_end.waveform, front_end.mel, front_end.segment
            ),
            "temperature": self.temperature,
            "metrics": self.metrics,
            "training": self.training,
            "licence": self.licence,
        }
        return json.dumps(values, indent=1, sort_keys=True)


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
        content = _read_bytes(source)
        scorer = SegmentScorer(content)
        card = card_from_json(scorer.metadata.get(CARD_KEY))
        _check_shapes(scorer, card)
    except ModelFileError as error:
        raise type(error)(f"model file {source}: {error}") from error
    return Model(card, scorer, hashlib.sha256(content).hexdigest())


def write_model(path: Path, network: bytes, card: Card) -> None:
    """Put the card into a serialised network and write both as one file, atomically."""
    import onnx

    proto = onnx.load_model_from_string(network)
    onnx.helper.set_model_props(proto, {CARD_KEY: card.to_json()})
    write_atomically(path, proto.SerializeToString())


def card_from_json(text: str | None) -> Card:
    """Read a card and check every value.

    Raises:
        FingerprintMismatchError: if this version would compute other segments.
        ModelFileError: if anything else is missing or wrong.
    """
    values = _parse(text)
    if values.get("format_version") != FORMAT_VERSION:
        raise ModelFileError(
            f"card format {values.get('format_version')!r}; this version of genre_model "
            f"reads format {FORMAT_VERSION}: update it or the model"
        )
    front_end = FrontEnd.from_dict(values.get("configs"))
    expected = fingerprint(front_end.waveform, front_end.mel, front_end.segment)
    if values.get("fingerprint") != expected:
        raise FingerprintMismatchError(
            "its front end is not the one that this version of genre_model computes: "
            "update genre_model, or retrain the model"
        )
    return Card(
        name=_checked(values, "name", str),
        genres=_genres(_checked(values, "genres", list)),
        front_end=front_end,
        temperature=_temperature(_checked(values, "temperature", float)),
        metrics=_checked(values, "metrics", dict),
        training=_checked(values, "training", dict),
        licence=_checked(values, "licence", str),
    )


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


def _parse(text: str | None) -> dict[str, Any]:
    if text is None:
        raise ModelFileError("it has no card: it is not a model of genre_model")
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ModelFileError(f"its card is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise ModelFileError("its card is not a JSON object")
    return values


def _checked(values: dict[str, Any], name: str, kind: type) -> Any:
    value = values.get(name)
    if not isinstance(value, kind):
        raise ModelFileError(f"its card has {name} {value!r}; expected {kind.__name__}")
    return value


def _genres(genres: list[Any]) -> tuple[str, ...]:
    if not genres or not all(isinstance(g, str) and g.strip() == g != "" for g in genres):
        raise ModelFileError(f"its card has genres {genres!r}; expected names")
    if len(set(genres)) < len(genres):
        raise ModelFileError(f"its card names a genre twice: {genres!r}")
    return tuple(genres)


def _temperature(temperature: float) -> float:
    if not 0.01 <= temperature <= 100:
        raise ModelFileError(f"its card has temperature {temperature}")
    return temperature
