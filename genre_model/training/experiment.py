"""Trainings of one recipe: every fold of a protocol, every seed."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from genre_model.card import Card
from genre_model.errors import TrainingDataError
from genre_model.training.export import export_model
from genre_model.training.gtzan import GENRES, find_tracks
from genre_model.training.labelled_mel_frames import load_labelled_mel_frames
from genre_model.training.plots import plot_metrics
from genre_model.training.protocols import Fold, folds_of, folds_without
from genre_model.training.run_folder import RunFolder
from genre_model.training.track_scores import fit_temperature, track_logits
from genre_model.training.train import train_network

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

    from genre_model.training.gtzan import Source
    from genre_model.training.labelled_mel_frames import LabelledMelFrames
    from genre_model.training.recipe import Recipe

LICENCE = (
    "The weights are under the MIT licence. They were computed from GTZAN (Tzanetakis & "
    "Cook 2002), whose excerpts of commercial recordings carry no licence of their own; "
    "no audio can be recovered from them."
)

log = logging.getLogger(__name__)


def train_protocol(
    recipe: Recipe,
    data_dir: Path,
    out: Path,
    protocol: str,
    seeds: list[int],
    source: Source = "auto",
    *,
    leave_out: frozenset[str] = frozenset(),
) -> list[RunFolder]:
    """Train every fold and seed that is not complete yet.

    Args:
        recipe: every setting.
        data_dir: a GTZAN folder.
        out: gets ``<protocol>/<fold>/seed-<n>/`` folders.
        protocol: one of ``protocols.PROTOCOLS``.
        seeds: one training each per fold.
        source: audio or pictures.
        leave_out: track ids that no training may see, whatever the protocol says.

    Returns:
        The run folders, all complete.

    Raises:
        TrainingDataError: if tracks are missing or a folder holds another run.
    """
    tracks = find_tracks(data_dir, source)
    data = load_labelled_mel_frames(tracks, recipe.front_end, show_progress=True)
    kind = "pictures" if tracks[0].is_picture else "audio"
    origin: dict[str, Any] = {"protocol": protocol, "source": kind}
    if leave_out:
        origin["left_out"] = sorted(leave_out)
    runs = []
    for fold in folds_without(leave_out, folds_of(protocol)):
        for seed in seeds:
            run = RunFolder(run_path(out, protocol, fold, seed))
            _train_one(recipe, data, fold, seed, run, origin)
            runs.append(run)
    return runs


def run_path(out: Path, protocol: str, fold: Fold, seed: int) -> Path:
    """Return where the run of a fold and seed lies."""
    return out / protocol / fold.name / f"seed-{seed}"


def _train_one(
    recipe: Recipe,
    data: LabelledMelFrames,
    fold: Fold,
    seed: int,
    run: RunFolder,
    origin: dict[str, Any],
) -> None:
    train, valid = data.subset(fold.train), data.subset(fold.valid)
    _report_missing(fold, data)
    training = origin | {
        "recipe": recipe.name,
        "fold": fold.name,
        "seed": seed,
        "data": "GTZAN",
        "n_tracks": len(train.track_ids),
        "track_ids": list(train.track_ids),
    }
    run.start({"recipe": asdict(recipe), "training": training})
    if run.is_complete:
        log.info("%s is complete", run.path)
        return
    log.info("training %s on %d tracks", run.path, len(train.track_ids))
    network = train_network(recipe, seed, train, valid, run)
    plot_metrics(run.read_metrics(), run.path / "metrics.png")
    export_model(network, _card(recipe, network, valid, training), run.model_path)
    run.remove_checkpoint()


def _card(
    recipe: Recipe,
    network: nn.Module,
    valid: LabelledMelFrames,
    training: dict[str, Any],
) -> Card:
    temperature = 1.0
    if len(valid.labels):
        logits = track_logits(network, valid, recipe.front_end.segment)
        temperature = fit_temperature(logits, valid.labels)
    return Card(
        name=recipe.name,
        genres=GENRES,
        front_end=recipe.front_end,
        temperature=temperature,
        training=training,
        licence=LICENCE,
    )


def _report_missing(fold: Fold, data: LabelledMelFrames) -> None:
    for part in ("train", "valid", "test"):
        listed: tuple[str, ...] = getattr(fold, part)
        missing = sorted(set(listed) - set(data.track_ids))
        if listed and len(missing) == len(listed):
            raise TrainingDataError(f"none of the {len(listed)} {part} tracks is there")
        if missing:
            names = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            log.warning(
                "%d of %d %s tracks are missing: %s",
                len(missing),
                len(listed),
                part,
                names,
            )
