"""Settings of a personal model, and the interface to its progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class PersonalSettings:
    """How labels are cleaned, and how a score is measured.

    Attributes:
        min_tracks: labels with fewer tracks are dropped.
        max_per_artist: tracks of one artist within a label; None is no limit.
        multi_label: every label of a track counts, not the first alone.
        label_map: label in lower case -> what it is called instead: nothing, one label
            or several.
        genre_balance: 0 lets each track weigh the same, 1 each label (0 to 1).
        n_folds: of the cross-validation.
        seed: of the folds.
    """

    min_tracks: int = 15
    max_per_artist: int | None = None
    multi_label: bool = False
    label_map: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    genre_balance: float = 1.0
    n_folds: int = 5
    seed: int = 0


class Watcher(Protocol):
    """Receives the progress of a training, in one thread only."""

    def expect(self, n_tracks: int) -> None:
        """Receive the number of tracks that will be decoded."""

    def advance(self) -> None:
        """Receive that one is done."""

    def warning(self, text: str) -> None:
        """Receive an error that does not end the training."""
