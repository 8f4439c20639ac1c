"""Which models are scored on which tracks, and how many of these they were trained on."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from genre_model.errors import SeenTracksError, TrainingDataError
from genre_model.model.model_file import read_model
from genre_model.training.data.gtzan import SEGMENT_MARK, segments_of, segments_per_track
from genre_model.training.data.protocols import folds_of, track_of
from genre_model.training.fit.experiment import run_path
from genre_model.training.recipe import recipe_of

if TYPE_CHECKING:
    from genre_model.model.card import Card
    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.data.protocols import Fold


Part = Literal["test", "valid"]


@dataclass(frozen=True)
class ScoredModel:
    """One model and the folds, by name, whose tracks it is scored on."""

    model_path: str
    folds: tuple[str, ...]


def systems_of(
    run_or_model: str, protocol: str, folds: list[Fold], part: Part, n_seeds: int | None
) -> dict[str, list[ScoredModel]]:
    """Find the models of a run by name of system: per seed one model for each fold.

    A single model (``.onnx`` file or bundled name) is scored on the tracks of all folds.

    Raises:
        TrainingDataError: if the protocol has no such tracks, or seeds are missing.
    """
    if not any(getattr(fold, part) for fold in folds):
        raise TrainingDataError(f"protocol {protocol} has no {part} tracks")
    run = Path(run_or_model)
    if not run.is_dir():
        together = tuple(fold.name for fold in folds)
        return {run.stem: [ScoredModel(run_or_model, together)]}
    return {
        f"seed-{seed}": [
            ScoredModel(str(_model_path(run, protocol, fold, seed)), (fold.name,))
            for fold in folds
        ]
        for seed in _seeds(run, protocol, folds, n_seeds)
    }


def check_one_recipe(systems: dict[str, list[ScoredModel]]) -> None:
    """Read all cards before minutes are spent on scores that nobody may average.

    Raises:
        TrainingDataError: if models are of different recipes, by name or by hash.
    """
    paths = [model.model_path for models in systems.values() for model in models]
    path_of: dict[tuple[str, str], str] = {}
    for path in paths if len(paths) > 1 else ():
        path_of.setdefault(recipe_of(read_model(path).card), path)
    if len(path_of) > 1:
        (recipe, path), (other, other_path) = list(path_of.items())[:2]
        raise TrainingDataError(
            f"{path} and {other_path} are of different recipes ({' '.join(recipe)} and "
            f"{' '.join(other)}), so their mean would mean nothing: train each recipe into "
            "an --out of its own"
        )


def _seeds(run: Path, protocol: str, folds: list[Fold], n_seeds: int | None) -> list[int]:
    found = [
        {
            int(path.parent.name.removeprefix("seed-"))
            for path in (run / protocol / fold.name).glob("seed-*/model.onnx")
        }
        for fold in folds
    ]
    seeds = sorted(set.intersection(*found))
    wanted = n_seeds or max(1, len(seeds))
    if len(seeds) < wanted:
        raise TrainingDataError(
            f"{run} holds {len(seeds)} complete seeds of protocol {protocol}, {wanted} are "
            f"needed: run genre-model train with --protocol {protocol} --seeds {wanted} "
            f"--out {run} first"
        )
    return seeds[:wanted]


def _model_path(run: Path, protocol: str, fold: Fold, seed: int) -> Path:
    return run_path(run, protocol, fold, seed) / "model.onnx"


log = logging.getLogger(__name__)


def scored_tracks(
    model: ScoredModel, found: list[LabelledTrack], card: Card, protocol: str, part: Part
) -> list[LabelledTrack]:
    """Return the tracks, or segments, of a model's folds that are there.

    Tracks of genres that the model does not know are left out.
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
