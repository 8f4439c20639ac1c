"""Which tracks a model is scored on, and how many of those it knows already."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from genre_model.errors import SeenTracksError
from genre_model.training.data.gtzan import SEGMENT_MARK, segments_of, segments_per_track
from genre_model.training.data.protocols import folds_of, track_of

if TYPE_CHECKING:
    from genre_model.model.card import Card
    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.evaluation.systems import Part, ScoredModel

log = logging.getLogger(__name__)


def scored_tracks(
    model: ScoredModel,
    found: list[LabelledTrack],
    card: Card,
    protocol: str,
    part: Part,
) -> list[LabelledTrack]:
    """Return the tracks, or segments, of a model's folds that are there.

    Args:
        model: and the folds that it is scored on.
        found: all tracks of the data set that are there.
        card: of the model; tracks of genres that it does not know are left out.
        protocol: one of ``protocols.PROTOCOLS``.
        part: of each fold.
    """
    folds = folds_of(protocol, segments_per_track(card.front_end))
    wanted = [
        name for fold in folds if fold.name in model.folds for name in getattr(fold, part)
    ]
    if any(SEGMENT_MARK in name for name in wanted):
        found = segments_of(found, card.front_end)
    there = {track.track_id: track for track in found}
    present = [there[name] for name in wanted if name in there]
    known = [track for track in present if track.genre in card.genres]
    if len(known) < len(present):
        left_out = len(present) - len(known)
        log.info("%s: %d tracks of other genres", model.model_path, left_out)
    return known


def count_seen(
    model_path: str, card: Card, tracks: list[LabelledTrack], *, allow_seen: bool
) -> int:
    """Count the tracks that a model was trained on, in whole or in segments.

    Raises:
        SeenTracksError: if there are any, or nobody knows, and it is not allowed.
    """
    trained_on = set(card.training.get("track_ids", ()))
    if not trained_on and not allow_seen:
        raise SeenTracksError(
            f"{model_path} does not say which tracks it was trained on, so its score "
            "could mean nothing; --allow-seen computes it all the same"
        )
    heard = trained_on | {track_of(name) for name in trained_on}
    seen = [
        track.track_id
        for track in tracks
        if track.track_id in heard or track_of(track.track_id) in trained_on
    ]
    if seen and not allow_seen:
        raise SeenTracksError(
            f"{model_path} was trained on {len(seen)} of these {len(tracks)} tracks "
            f"({seen[0]}, ...): its score would mean nothing; --allow-seen computes it all "
            "the same"
        )
    return len(seen)
