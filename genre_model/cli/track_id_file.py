"""The file of ``--leave-out``: ids of tracks, with white space between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from pathlib import Path


def read_track_ids(path: Path | None) -> frozenset[str]:
    """Read it; without a file, nothing is left out.

    Raises:
        TrainingDataError: if it cannot be read.
    """
    if path is None:
        return frozenset()
    try:
        return frozenset(path.read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingDataError(f"--leave-out: cannot read {path}: {error}") from error
