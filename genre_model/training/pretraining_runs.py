"""Pretrainings, one for each fold of a protocol."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from genre_model.backbone.install import listening_model
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.training.experiment import SEGMENT_PROTOCOL
from genre_model.training.gtzan import GENRES, find_tracks
from genre_model.training.job_pool import run_jobs
from genre_model.training.mixtures import mix
from genre_model.training.pretraining import N_VALID, lesson_of, pretrain
from genre_model.training.recordings import find_recordings, identity_of
from genre_model.training.run_folder import WEIGHTS, RunFolder
from genre_model.training.untrained_network import untrained_network

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.experiment import Experiment
    from genre_model.training.pretraining import Lesson
    from genre_model.training.protocols import Fold
    from genre_model.training.recipe import Recipe
    from genre_model.training.recordings import Recording

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainingPlan:
    """What is to be learned of whom.

    Attributes:
        experiment: the training that is to follow: its recipe, its folds, whose training
            tracks are heard where they exist as audio, and where folders
            ``<protocol>/<fold>/`` go.
        backbone: name of the network that is imitated.
        network: that of :func:`published_network`.
        music: a folder of other music that is heard, too.
        n_mixtures: how many are made.
        epochs: passes of the recipe's number of batches.
        seed: of everything that is random.
        n_valid: mixtures that are not learned from, but say how well it goes.
    """

    experiment: Experiment
    backbone: str
    network: bytes
    music: Path | None
    n_mixtures: int
    epochs: int
    seed: int = 0
    n_valid: int = N_VALID

    @property
    def imitating(self) -> Recipe:
        """The recipe for this training.

        Nothing is hidden or mixed, since all is to be said, and nothing watches it.
        """
        recipe = self.experiment.recipe
        augment = replace(recipe.augment, mixup_alpha=0.0, time_masks=0, band_masks=0)
        training = replace(
            recipe.training, epochs=self.epochs, patience_epochs=0, schedule="one_cycle"
        )
        return replace(recipe, augment=augment, training=training)


@dataclass(frozen=True)
class Pretraining:
    """One fold of a plan."""

    plan: PretrainingPlan
    fold: Fold

    @property
    def path(self) -> Path:
        """Where its files lie."""
        experiment = self.plan.experiment
        return experiment.out / experiment.protocol / self.fold.name

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"pretraining, {self.plan.experiment.protocol}, {self.fold.name}"

    def run(self) -> None:
        """Mix, listen, learn and keep the weights, unless that is done.

        Raises:
            TrainingDataError: if there is no audio, or the folder holds something else.
            RecipeError: if the recipe's network cannot be pretrained.
        """
        run, recipe = RunFolder(self.path), self.plan.imitating
        _check_recipe(recipe)
        recordings = self._recordings()
        about = self._about(recordings)
        with run.in_use():
            run.start({"recipe": asdict(recipe), "pretraining": about})
            if (self.path / WEIGHTS).exists():
                log.info("%s is complete", self.path)
                return
            log.info("pretraining %s on %d files", self.path, len(recordings))
            network = pretrain(recipe, self._lesson(recordings), self.plan.seed, run)
            run.write_weights(network.state_dict())
            run.remove_checkpoint()
            log.info("%s: loss of other mixtures %s", self.path, _losses(run))

    def _lesson(self, recordings: list[Recording]) -> Lesson:
        plan = self.plan
        backbone = listening_model(plan.backbone, plan.network)
        front_end = plan.experiment.recipe.front_end
        mixtures = mix(recordings, front_end, backbone, plan.n_mixtures, plan.seed)
        return lesson_of(mixtures, plan.n_valid)

    def _recordings(self) -> list[Recording]:
        music = self.plan.music
        try:
            tracks = find_tracks(self.plan.experiment.data_dir, "audio")
        except TrainingDataError as error:
            if music is None:
                raise
            log.info("only other music is heard: %s", error)
            tracks = []
        return find_recordings(tracks, frozenset(self.fold.train), music)

    def _about(self, recordings: list[Recording]) -> dict[str, Any]:
        plan = self.plan
        recipe = plan.experiment.recipe
        # Which tracks of GTZAN are heard is the fold's affair, and no other recipe.
        music = [recording for recording in recordings if recording.track_id is None]
        how = (
            *(plan.backbone, plan.n_mixtures, plan.epochs, plan.seed, plan.n_valid),
            *(identity_of(music) if music else False, plan.imitating.settings_hash),
        )
        heard = {recording.track_id for recording in recordings}
        files = "\n".join(identity_of(recordings))
        return {
            "backbone": plan.backbone,
            "recipe": recipe.name,
            "hash": _hash(repr(how).encode())[:16],
            "n_files": len(recordings),
            "files": _hash(files.encode()),
            "track_ids": [name for name in self.fold.train if name in heard],
            "n_mixtures": plan.n_mixtures,
            "epochs": plan.epochs,
            "seed": plan.seed,
        }


def _losses(run: RunFolder) -> str:
    losses = [row["valid_loss"] for row in run.read_metrics() if "valid_loss" in row]
    return ", then ".join(f"{loss:.3f}" for loss in losses)


def _check_recipe(recipe: Recipe) -> None:
    """Find out before minutes are spent on mixtures.

    Raises:
        RecipeError: if there is no such network, or levels that mixtures lack matter to it.
    """
    if recipe.network_options.get("band_norm"):
        raise RecipeError(
            f"recipe {recipe.name} learns the levels of bands (band_norm), which "
            "mixtures, each standardised, do not have: it cannot be pretrained"
        )
    untrained_network(recipe, len(GENRES))


def pretrain_protocol(plan: PretrainingPlan, n_processes: int = 1) -> list[Path]:
    """Pretrain for every fold that is not done yet.

    Args:
        plan: what is to be learned.
        n_processes: folds at once.

    Returns:
        The folders, all complete.

    Raises:
        TrainingDataError: if fewer mixtures are wanted than are kept for validation, or
            the protocol divides segments, or as :meth:`Pretraining.run`.
        JobsFailedError: if that befell some of several at once.
    """
    if plan.n_mixtures <= plan.n_valid:
        raise TrainingDataError(
            f"--mixtures is {plan.n_mixtures}; {plan.n_valid} of them are not learned "
            "from, but say how well it goes: give some thousands"
        )
    if plan.experiment.protocol == SEGMENT_PROTOCOL:
        raise TrainingDataError(
            f"{SEGMENT_PROTOCOL} divides segments, and whole tracks are heard: choose "
            "another protocol"
        )
    jobs = [Pretraining(plan, fold) for fold in plan.experiment.folds()]
    if n_processes > 1:
        run_jobs(jobs, n_processes, "pretrainings")
    else:
        for job in jobs:
            job.run()
    return [job.path for job in jobs]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
