"""The section ``genreclf: training:``, checked and typed."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from confuse import ConfigTypeError, ConfigValueError

from beetsplug.genreclf.config import validators as values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from confuse import Subview

LABELS = ("first", "all")
MIN_FOLDS = 2


@dataclass(frozen=True)
class TrainingOptions:
    """What a user can choose about a model of their own.

    Attributes:
        label_field: where labels stand: ``genres``, or a flexible field.
        labels: ``first`` or ``all`` labels of a track.
        label_map: label in lower case -> what it is called instead.
        min_tracks: labels with fewer tracks are dropped.
        max_per_artist: tracks of one artist within a label; None is no limit.
        genre_balance: 0 lets each track weigh the same, 1 each label.
        folds: of the cross-validation.
        seed: of the folds.
        parent: the model whose network is built upon; None is the bundled one.
        name: of the new model.
    """

    label_field: str = "genres"
    labels: str = "first"
    label_map: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    min_tracks: int = 15
    max_per_artist: int | None = None
    genre_balance: float = 1.0
    folds: int = 5
    seed: int = 0
    parent: str | Path | None = None
    name: str = "personal"


def read_training_options(view: Subview) -> TrainingOptions:
    """Check the whole section at once.

    Args:
        view: the section ``training``, the flags of a command laid over it.

    Raises:
        confuse.ConfigError: naming the option; beets prints it in one line.
    """
    return TrainingOptions(
        label_field=_text(view["label_field"]),
        labels=values.one_of(view["labels"], LABELS),
        label_map=values.label_map(view["label_map"]),
        min_tracks=values.positive_int(view["min_tracks"]),
        max_per_artist=values.positive_int_or_none(view["max_per_artist"]),
        genre_balance=values.probability(view["genre_balance"]),
        folds=_folds(view["folds"]),
        seed=_natural(view["seed"]),
        parent=values.model(view["parent"]),
        # File systems spell accents in two ways; a name has one.
        name=unicodedata.normalize("NFC", _text(view["name"])),
    )


def _text(view: Subview) -> str:
    value = view.get()
    if not isinstance(value, str) or not value.strip():
        raise ConfigTypeError(f"{view.name}: must be a name, not {value!r}")
    return value.strip()


def _natural(view: Subview) -> int:
    value = view.get()
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ConfigValueError(
            f"{view.name}: must be a whole number from 0 on, not {value!r}"
        )
    return value


def _folds(view: Subview) -> int:
    folds = values.positive_int(view)
    if folds < MIN_FOLDS:
        raise ConfigValueError(f"{view.name}: must be {MIN_FOLDS} or more, not {folds}")
    return folds
