"""Scores of variants of a recipe on validation tracks, which may choose settings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from genre_model import metrics
from genre_model.atomic_file import write_atomically
from genre_model.errors import TrainingDataError
from genre_model.model.model_file import read_model
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.predictions import Evaluation, predict_systems
from genre_model.training.fit.experiment import Experiment, trainings_of

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.data.gtzan import LabelledTrack, Source
    from genre_model.training.data.protocols import Fold
    from genre_model.training.evaluation.predictions import Predictions
    from genre_model.training.fit.experiment import Training
    from genre_model.training.search.variants import Variant


@dataclass(frozen=True)
class BlindExperiment(Experiment):
    """An experiment that opens no file that is not trained on or validated with."""

    def folds(self) -> list[Fold]:
        """Return the folds without their test tracks."""
        return [replace(fold, test=()) for fold in super().folds()]

    def tracks(self) -> list[LabelledTrack]:
        """List the tracks of these folds only."""
        wanted = {name for fold in self.folds() for name in (*fold.train, *fold.valid)}
        return [track for track in super().tracks() if track.track_id in wanted]

    def data_hash(self) -> str:
        """Identify the tracks that are there: 16 hexadecimal digits over their ids."""
        text = " ".join(track.track_id for track in self.tracks())
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ValidScores:
    """How a variant judges validation tracks; lists over seeds are in their order.

    Attributes:
        recipe_hash: of every setting.
        source: ``"pictures"`` or ``"audio"``.
        data_hash: of the tracks that were there to train and validate with.
        n_parameters: of the network; None if its model does not say.
        seconds: of one training, mean over runs; None if its model does not say.
        track_ids: one per track.
        accuracies: one per seed.
        losses: negative log-likelihood, one per seed.
        right: whether each track was [shape=(n_seeds, n_tracks)].
    """

    recipe_hash: str
    source: str
    data_hash: str
    n_parameters: int | None
    seconds: float | None
    track_ids: list[str]
    accuracies: list[float]
    losses: list[float]
    right: list[list[bool]]

    @property
    def accuracy(self) -> float:
        """Mean over seeds."""
        return float(np.mean(self.accuracies))

    @property
    def loss(self) -> float:
        """Mean negative log-likelihood over seeds."""
        return float(np.mean(self.losses))


@dataclass(frozen=True)
class Validation:
    """What variants are trained on and scored with.

    Attributes:
        data_dir: a GTZAN folder.
        out: gets a folder for each variant.
        protocol: one whose folds have validation tracks.
        n_seeds: trainings per fold.
        source: audio or pictures.
    """

    data_dir: Path
    out: Path
    protocol: str
    n_seeds: int
    source: Source

    def check(self) -> None:
        """Refuse a protocol without validation tracks.

        Raises:
            TrainingDataError: naming the protocol.
        """
        if not all(fold.valid for fold in folds_of(self.protocol)):
            raise TrainingDataError(
                f"protocol {self.protocol} has folds without validation tracks, and test "
                "tracks choose nothing: take --protocol fault-filtered"
            )


@dataclass(frozen=True)
class VariantJob:
    """Training of a variant with every seed, and its score; a job for the pool."""

    variant: Variant
    validation: Validation

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.variant.name

    @property
    def folder(self) -> Path:
        """Where everything of it lies."""
        return self.validation.out / self.variant.folder_name

    def run(self) -> None:
        """Train what is not trained yet, and write the score, unless that is done.

        Raises:
            GenreModelError: if tracks are missing, the settings are impossible, or what
                is trained already had other tracks.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "in-use.lock"):
            if self.scores() is not None:
                return
            trainings = trainings_of(
                self._experiment(), list(range(self.validation.n_seeds))
            )
            for training in trainings:
                training.run()
            text = json.dumps(asdict(self._score(trainings)))
            write_atomically(self._scores_path, text.encode())

    def scores(self) -> ValidScores | None:
        """Read the score; None if there is none of these settings, seeds and tracks.

        Raises:
            TrainingDataError: if the file is damaged, or there is no data.
        """
        if not self._scores_path.exists():
            return None
        try:
            values = json.loads(self._scores_path.read_text("utf-8"))
            scores = ValidScores(**values)
        except (ValueError, TypeError) as error:
            raise TrainingDataError(
                f"{self._scores_path} is damaged: delete it to have it computed again"
            ) from error
        is_of_this = (
            scores.recipe_hash == self.variant.recipe.settings_hash
            and scores.source == self.validation.source
            and len(scores.losses) == self.validation.n_seeds
            and scores.data_hash == self._experiment().data_hash()
        )
        return scores if is_of_this else None

    @property
    def _scores_path(self) -> Path:
        return self.folder / self.validation.protocol / "valid_scores.json"

    def _experiment(self) -> BlindExperiment:
        validation = self.validation
        return BlindExperiment(
            recipe=self.variant.recipe,
            data_dir=validation.data_dir,
            out=self.folder,
            protocol=validation.protocol,
            source=validation.source,
        )

    def _score(self, trainings: list[Training]) -> ValidScores:
        validation = self.validation
        evaluation = Evaluation(
            run_or_model=str(self.folder),
            data_dir=validation.data_dir,
            protocol=validation.protocol,
            part="valid",
            n_seeds=validation.n_seeds,
            source=validation.source,
        )
        systems = predict_systems(evaluation)
        cards = [read_model(one.run_folder.model_path).card for one in trainings]
        known = [card.training for card in cards if "seconds" in card.training]
        return ValidScores(
            recipe_hash=self.variant.recipe.settings_hash,
            source=systems[0].source,
            data_hash=self._experiment().data_hash(),
            n_parameters=cards[0].training.get("n_parameters"),
            seconds=float(np.mean([one["seconds"] for one in known])) if known else None,
            track_ids=list(systems[0].track_ids),
            accuracies=[float(np.mean(system.right)) for system in systems],
            losses=[_loss(system) for system in systems],
            right=[system.right.tolist() for system in systems],
        )


def _loss(system: Predictions) -> float:
    return metrics.negative_log_likelihood(system.probabilities, system.labels)
