"""How much music of genres that it does not know a personal model would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genre_model.errors import TrainingStoppedError
from genre_model.model.segment_probabilities import activate
from genre_model.personal.head_fitting import fitting
from genre_model.personal.open_set import UnknownScore

if TYPE_CHECKING:
    from collections.abc import Callable

    from genre_model.personal.cross_validation import HeadData
    from genre_model.personal.open_set import OpenSetData

#: Without one, at least two must be left to tell known from unknown.
MIN_GENRES = 3
#: The default of the plugin's ``min_confidence``.
MIN_CONFIDENCE = 0.6


def unknown_score(
    data: HeadData,
    opened: OpenSetData,
    strength: float,
    temperature: float,
    should_stop: Callable[[], bool] = lambda: False,
) -> UnknownScore | None:
    """Leave each genre out in turn, of the head and of the open set, and judge its tracks.

    Args:
        data: what heads are fitted to.
        opened: what open sets are fitted to; rows as in ``data``.
        strength: of the heads.
        temperature: of the heads.

        should_stop: asked before each genre.

    Returns:
        None if fewer than three genres leave nothing to fit to, or none has a track of its
        own.

    Raises:
        TrainingStoppedError: if asked to stop.
    """
    if len(np.unique(opened.labels)) < MIN_GENRES:
        return None
    only = data.targets.sum(axis=1) == 1
    sure, sure_unchecked = [], []
    for genre in range(data.targets.shape[1]):
        if should_stop():
            raise TrainingStoppedError("stopped while fitting; nothing has changed")
        rest = np.flatnonzero(~data.targets[:, genre])
        unknown = np.flatnonzero(data.targets[:, genre] & only)
        if not (len(unknown) and len(rest)):
            continue
        with fitting():
            head = data.fit(rest, [strength])[strength]
        logits = head.logits(data.embeddings[unknown])
        probabilities = activate(logits, temperature, multi_label=data.multi_label)
        highest = probabilities.max(axis=1)
        sure_unchecked.append(highest)
        open_set = opened.fit(without=genre)
        if open_set is not None:
            known = open_set.known(opened.logits[unknown], multi_label=data.multi_label)
            highest = highest * known
        sure.append(highest)
    if not sure:
        return None
    written, unchecked = (
        np.concatenate(s) >= MIN_CONFIDENCE for s in (sure, sure_unchecked)
    )
    return UnknownScore(
        len(written), MIN_CONFIDENCE, float(written.mean()), float(unchecked.mean())
    )
