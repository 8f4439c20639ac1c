"""Model cards: the JSON metadata of a model file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from genre_model.errors import FingerprintMismatchError, ModelFileError
from genre_model.features.config import FrontEnd, fingerprint

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT_VERSION = 2
#: Format 1 knew neither ``pool_logits`` nor ``multi_label``; both are false there.
READ_VERSIONS = (1, 2)
#: Types of the plain values.
KINDS = {
    "name": str,
    "temperature": float,
    "metrics": dict,
    "training": dict,
    "licence": str,
    "pool_logits": bool,
    "multi_label": bool,
}


@dataclass(frozen=True)
class Card:
    """The metadata of a model file: JSON under the ONNX metadata key ``card``.

    Attributes:
        name: such as ``genre_crnn_v1``.
        genres: in the order of the logits, spelled as they are written to tags.
        front_end: every number from file to segment.
        temperature: divides the logits before the softmax.
        metrics: measured accuracy by protocol.
        training: recipe, seed, data and track ids of the training.
        licence: of the weights, and of the training data.
        pool_logits: average the logits of segments; otherwise their probabilities.
        multi_label: a sigmoid for each genre; otherwise a softmax over all.
        rejected: names of the outputs after those of the genres: sounds that are not
            music, and music that the model should not name.
    """

    name: str
    genres: tuple[str, ...]
    front_end: FrontEnd
    temperature: float
    metrics: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    pool_logits: bool = False
    multi_label: bool = False
    rejected: tuple[str, ...] = ()

    @property
    def n_outputs(self) -> int:
        """Number of logits."""
        return len(self.genres) + len(self.rejected)

    def to_json(self) -> str:
        """Return the text that :func:`card_from_json` reads."""
        front_end = self.front_end
        values = {name: getattr(self, name) for name in KINDS} | {
            "format_version": FORMAT_VERSION,
            "genres": list(self.genres),
            "configs": front_end.to_dict(),
            "fingerprint": fingerprint(
                front_end.waveform, front_end.mel, front_end.segment
            ),
        }
        if self.rejected:
            values["rejected"] = list(self.rejected)
        return json.dumps(values, indent=1, sort_keys=True)


def card_from_json(text: str | None) -> Card:
    """Read a card and check every value.

    Raises:
        FingerprintMismatchError: if this version would compute other segments.
        ModelFileError: if anything else is missing or wrong.
    """
    values = _parse(text)
    if values.get("format_version") not in READ_VERSIONS:
        raise ModelFileError(
            f"card format {values.get('format_version')!r}; this version of genre_model "
            f"reads formats up to {FORMAT_VERSION}: update it or the model"
        )
    if values["format_version"] == 1:
        values |= {"pool_logits": False, "multi_label": False}
    front_end = FrontEnd.from_dict(values.get("configs"))
    expected = fingerprint(front_end.waveform, front_end.mel, front_end.segment)
    if values.get("fingerprint") != expected:
        raise FingerprintMismatchError(
            "its front end is not the one that this version of genre_model computes: "
            "update genre_model, or retrain the model"
        )
    plain = {name: _checked(values, name, kind) for name, kind in KINDS.items()}
    if plain["multi_label"] and not plain["pool_logits"]:
        raise ModelFileError("its card is multi-label without pooling logits")
    if not 0.01 <= plain["temperature"] <= 100:
        raise ModelFileError(f"its card has temperature {plain['temperature']}")
    _printable(plain["name"])
    genres, rejected = _genres_and_rejected(values)
    return Card(genres=genres, rejected=rejected, front_end=front_end, **plain)


def is_personal(training: Mapping[str, Any]) -> bool:
    """Return True if a model was trained on the labels of a user's own music.

    Such a card names no track; those of published heads do.
    """
    return "method" in training and "track_ids" not in training


def _parse(text: str | None) -> dict[str, Any]:
    if text is None:
        raise ModelFileError("it has no card: it is not a model of genre_model")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:  # a number or a nesting without end, too
        raise ModelFileError(f"its card is not JSON ({error})") from error
    if not isinstance(values, dict):
        raise ModelFileError("its card is not a JSON object")
    return values


def _checked(values: dict[str, Any], name: str, kind: type) -> Any:
    value = values.get(name)
    if not isinstance(value, kind):
        raise ModelFileError(f"its card has {name} {value!r}; expected {kind.__name__}")
    return value


def _genres_and_rejected(values: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    genres = _names(_checked(values, "genres", list), "genres")
    rejected = _names(_checked({"rejected": []} | values, "rejected", list), "rejected")
    if not genres:
        raise ModelFileError("its card has genres []; expected names")
    if set(genres) & set(rejected):
        raise ModelFileError(f"its card names and rejects the same: {rejected!r}")
    if rejected and not values.get("pool_logits"):
        raise ModelFileError("its card rejects something without pooling logits")
    return genres, rejected


def _names(names: list[Any], field: str) -> tuple[str, ...]:
    if not all(isinstance(name, str) and name.strip() == name != "" for name in names):
        raise ModelFileError(f"its card has {field} {names!r}; expected names")
    if len(set(names)) < len(names):
        raise ModelFileError(f"its card names a genre twice: {names!r}")
    return tuple(map(_printable, names))


def _printable(text: str) -> str:
    """Refuse control characters, which terminals obey and which spoil tags."""
    if not text.isprintable():
        raise ModelFileError(f"its card holds unprintable characters: {text!r}")
    return text
