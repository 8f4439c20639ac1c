"""Variants of a recipe, trained and scored on validation tracks."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import tomli_w
from filelock import FileLock

from genre_model.atomic_file import write_atomically
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.metrics import negative_log_likelihood
from genre_model.model.model_file import read_model
from genre_model.training.data.gtzan import GENRES
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.predictions import Evaluation, predict_systems
from genre_model.training.fit.experiment import Experiment, trainings_of
from genre_model.training.networks import untrained_network
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.data.gtzan import LabelledTrack, Source
    from genre_model.training.data.protocols import Fold
    from genre_model.training.fit.experiment import Training
    from genre_model.training.recipe import Recipe

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Longest part of a folder's name that tells the changes; file systems take 255 bytes.
MAX_SLUG = 60


@dataclass(frozen=True)
class Variant:
    """A recipe, and the changes that made it, such as ``training.epochs=20``."""

    changes: tuple[str, ...]
    recipe: Recipe

    @property
    def name(self) -> str:
        """The name that messages use."""
        return ", ".join(self.changes) or "base"

    @property
    def settings_hash(self) -> str:
        """Identify the settings, not the changes."""
        return self.recipe.settings_hash

    @property
    def folder_name(self) -> str:
        """A name for its runs, safe on every file system and different for others."""
        slug = re.sub(r"[^A-Za-z0-9]+", "_", "-".join(self.changes)).strip("_")
        return f"{slug[:MAX_SLUG] or 'base'}-{self.settings_hash}"

    def check_network(self) -> None:
        """Build the network, to refuse impossible options before any training."""
        try:
            untrained_network(self.recipe, len(GENRES))
        except RecipeError as error:
            raise RecipeError(f"{self.name}: {error}") from error


@dataclass(frozen=True)
class BaseRecipe:
    """The name or path of a recipe, and changes that all its variants have in common."""

    name: str
    changes: tuple[str, ...]
    pictures: bool

    def variant(self, *changes: str) -> Variant:
        """Change settings, given as ``section.name=value``, or name a wrong one."""
        every_change = [*self.changes, *changes]
        return Variant(
            changes, read_recipe(self.name, every_change, pictures=self.pictures)
        )


@dataclass(frozen=True)
class BlindExperiment(Experiment):
    """An experiment that opens only files that are trained on or validated with."""

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
    """Scores of a variant on validation tracks; lists over seeds are in their order.

    Attributes:
        recipe_hash: of every setting.
        source: ``"pictures"`` or ``"audio"``.
        data_hash: of the tracks that were there to train and validate with.
        n_parameters: of the network, if known.
        seconds: of one training, mean over runs, if known.
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
        """Refuse a protocol without validation tracks."""
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
        """The name that messages use."""
        return self.variant.name

    @property
    def folder(self) -> Path:
        """The folder of its runs and its score."""
        return self.validation.out / self.variant.folder_name

    def run(self) -> None:
        """Train what is not trained yet, and write the score, unless that is done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / "in-use.lock"):
            if self.scores() is not None:
                return
            trainings = trainings_of(self._experiment, list(range(self.validation.n_seeds)))
            for training in trainings:
                training.run()
            text = json.dumps(asdict(self._score(trainings)))
            write_atomically(self._scores_path, text.encode())

    def scores(self) -> ValidScores | None:
        """Read the score; None if there is none of these settings, seeds and tracks."""
        if not self._scores_path.exists():
            return None
        try:
            scores = ValidScores(**json.loads(self._scores_path.read_text("utf-8")))
        except (ValueError, TypeError) as error:
            raise TrainingDataError(
                f"{self._scores_path} is damaged: delete it to have it computed again"
            ) from error
        is_of_this = (
            scores.recipe_hash == self.variant.settings_hash
            and scores.source == self.validation.source
            and len(scores.losses) == self.validation.n_seeds
            and scores.data_hash == self._experiment.data_hash()
        )
        return scores if is_of_this else None

    @property
    def _scores_path(self) -> Path:
        return self.folder / self.validation.protocol / "valid_scores.json"

    @property
    def _experiment(self) -> BlindExperiment:
        data_dir, protocol = self.validation.data_dir, self.validation.protocol
        recipe, source = self.variant.recipe, self.validation.source
        return BlindExperiment(recipe, data_dir, self.folder, protocol, source)

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
            recipe_hash=self.variant.settings_hash,
            source=systems[0].source,
            data_hash=self._experiment.data_hash(),
            n_parameters=cards[0].training.get("n_parameters"),
            seconds=float(np.mean([one["seconds"] for one in known])) if known else None,
            track_ids=list(systems[0].track_ids),
            accuracies=[float(np.mean(one.right)) for one in systems],
            losses=[negative_log_likelihood(s.probabilities, s.labels) for s in systems],
            right=[one.right.tolist() for one in systems],
        )


def recipe_toml(recipe: Recipe) -> str:
    """Return what ``read_recipe`` reads back, apart from the name, which is the file's."""
    values = asdict(recipe)
    del values["name"]
    return tomli_w.dumps(values)


def toml_value(value: Any) -> str:
    """Write one value on one line; equal values are written alike."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, dict):
        inner = (f"{json.dumps(name)} = {toml_value(one)}" for name, one in value.items())
        return f"{{ {', '.join(inner)} }}"
    return tomli_w.dumps({"v": value}).removeprefix("v = ").removesuffix("\n")


def parse_variation(text: str) -> tuple[str, list[Any]]:
    """Read a setting and its values from ``section.name=VALUES``.

    VALUES is the content of a TOML array, with its brackets or without: ``16,32`` and
    ``[16, 32]`` are two numbers, ``[3, 3],[5, 5]`` and ``[[3, 3], [5, 5]]`` two lists.

    Raises:
        RecipeError: quoting the text.
    """
    name, equals, listed = text.partition("=")
    if not (equals and name.strip() and listed.strip()):
        raise RecipeError(f"--vary {text!r}: write section.name=value,value")
    try:
        values: list[Any] = tomllib.loads(f"values = [{listed}]")["values"]
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(
            f"--vary {text!r}: {listed!r} are no TOML values with commas between (texts "
            f"need quotes): {error}"
        ) from error
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not values:
        raise RecipeError(f"--vary {text!r} gives no value")
    return name.strip(), values
