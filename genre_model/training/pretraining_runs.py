"""The folders of pretrainings: one for each fold of a protocol."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from genre_model.backbone.install import listening_model
from genre_model.errors import TrainingDataError
from genre_model.training.gtzan import find_tracks
from genre_model.training.job_pool import run_jobs
from genre_model.training.mixtures import mix
from genre_model.training.pretraining import N_VALID, lesson_of, pretrain
from genre_model.training.protocols import folds_of
from genre_model.training.recordings import find_recordings
from genre_model.training.run_folder import WEIGHTS, RunFolder, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from genre_model.training.protocols import Fold
    from genre_model.training.recipe import Recipe
    from genre_model.training.recordings import Recording

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PretrainingPlan:
    """What is to be learned of whom.

    Attributes:
        recipe: network, front end, optimisation and augmentation of the training that is
            to follow.
        backbone: name of the network that is imitated.
        source: its published file; None downloads it.
        data_dir: a GTZAN folder with audio; of a fold, the training tracks are heard.
        music: a folder of other music that is heard, too.
        out: gets ``<protocol>/<fold>/`` folders.
        protocol: one of ``protocols.PROTOCOLS``.
        n_mixtures: how many are made.
        epochs: passes of the recipe's number of batches.
        seed: of everything that is random.
    """

    recipe: Recipe
    backbone: str
    source: Path | None
    data_dir: Path
    music: Path | None
    out: Path
    protocol: str
    n_mixtures: int
    epochs: int
    seed: int = 0

    @property
    def imitating(self) -> Recipe:
        """The recipe for this training: nothing is hidden, since all is to be said."""
        augment = replace(self.recipe.augment, mixup_alpha=0.0, time_masks=0, band_masks=0)
        training = replace(self.recipe.training, epochs=self.epochs, patience_epochs=0)
        return replace(self.recipe, augment=augment, training=training)


@dataclass(frozen=True)
class Pretraining:
    """One fold of a plan."""

    plan: PretrainingPlan
    fold: Fold

    @property
    def path(self) -> Path:
        """Where its files lie."""
        return self.plan.out / self.plan.protocol / self.fold.name

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"pretraining, {self.plan.protocol}, {self.fold.name}"

    def run(self) -> None:
        """Mix, listen, learn and keep the weights, unless that is done.

        Raises:
            TrainingDataError: if there is no audio, or the folder holds something else.
            ModelFileError, DownloadError: if the backbone cannot be had.
        """
        run, plan = RunFolder(self.path), self.plan
        recordings = self._recordings()
        with run.in_use():
            run.start(
                {"recipe": asdict(plan.recipe), "pretraining": self._about(recordings)}
            )
            if (self.path / WEIGHTS).exists():
                log.info("%s is complete", self.path)
                return
            log.info("pretraining %s on %d files", self.path, len(recordings))
            backbone = listening_model(plan.backbone, plan.source)
            recipe = plan.imitating
            mixtures = mix(
                recordings, recipe.front_end, backbone, plan.n_mixtures, plan.seed
            )
            network = pretrain(recipe, lesson_of(mixtures), plan.seed, run)
            run.write_weights(network.state_dict())
            run.remove_checkpoint()

    def _recordings(self) -> list[Recording]:
        music = self.plan.music
        try:
            tracks = find_tracks(self.plan.data_dir, "audio")
        except TrainingDataError:
            if music is None:  # other music can do without GTZAN's audio
                raise
            tracks = []
        return find_recordings(tracks, frozenset(self.fold.train), music)

    def _about(self, recordings: list[Recording]) -> dict[str, Any]:
        plan = self.plan
        heard = {recording.path.stem for recording in recordings}
        return {
            "backbone": plan.backbone,
            "n_files": len(recordings),
            "track_ids": [name for name in self.fold.train if name in heard],
            "n_mixtures": plan.n_mixtures,
            "epochs": plan.epochs,
            "seed": plan.seed,
        }


def pretrain_protocol(plan: PretrainingPlan, n_processes: int = 1) -> list[Path]:
    """Pretrain for every fold that is not done yet.

    Args:
        plan: what is to be learned.
        n_processes: folds at once.

    Returns:
        The folders, all complete.

    Raises:
        TrainingDataError: if fewer mixtures are wanted than are kept for validation, or
            as :meth:`Pretraining.run`.
        JobsFailedError: if that befell some of several at once.
    """
    if plan.n_mixtures <= N_VALID:
        raise TrainingDataError(
            f"--mixtures is {plan.n_mixtures}; {N_VALID} are only listened to: give more"
        )
    jobs = [Pretraining(plan, fold) for fold in folds_of(plan.protocol)]
    if n_processes > 1:
        run_jobs(jobs, n_processes, "pretrainings")
    else:
        for job in jobs:
            job.run()
    return [job.path for job in jobs]


@dataclass(frozen=True)
class PretrainedStart:
    """Weights to begin a training with.

    Attributes:
        weights: of the network, its head included.
        about: what the card of a model says of them.
    """

    weights: dict[str, Tensor]
    about: dict[str, Any]


def read_start(folder: Path, recipe: Recipe, fold: Fold) -> PretrainedStart:
    """Read what was pretrained for a fold.

    Args:
        folder: of the pretraining of this fold.
        recipe: of the training that begins with it.
        fold: of the training.

    Raises:
        TrainingDataError: if there is none, it is of another network or front end, or it
            has heard tracks that the fold does not train on.
    """
    try:
        settings = json.loads((folder / "settings.json").read_text("utf-8"))
        about = settings["pretraining"]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingDataError(
            f"--pretrained: {folder} holds no pretraining: run genre-model pretrain with "
            "the same protocol first"
        ) from error
    own = json.loads(json.dumps(asdict(recipe)))
    for part in ("network", "network_options", "front_end"):
        if settings["recipe"][part] != own[part]:
            raise TrainingDataError(
                f"--pretrained: {folder} is of another {part.replace('_', ' ')} than the "
                f"recipe {recipe.name}"
            )
    if others := set(about["track_ids"]) - set(fold.train):
        raise TrainingDataError(
            f"--pretrained: {folder} has heard {len(others)} tracks that this fold does "
            f"not train on, such as {min(others)}"
        )
    weights = read_weights(folder)
    content = b"".join(weights[name].numpy().tobytes() for name in sorted(weights))
    return PretrainedStart(weights, about | {"sha256": hashlib.sha256(content).hexdigest()})
