"""Where and with what rows are reproduced."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from genre_model.errors import TrainingDataError
from genre_model.papers.rows import chosen_rows
from genre_model.papers.tables.feature_table import (
    FILE_NAMES,
    find_feature_table,
    read_feature_table,
)
from genre_model.training.data.gtzan import GENRES, clip_frames, find_tracks
from genre_model.training.data.protocols import folds_of
from genre_model.training.evaluation.predictions import Evaluation, predict_systems
from genre_model.training.fit.experiment import Experiment, Training, trainings_of
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from genre_model.features.config import FrontEnd
    from genre_model.papers.rows import Row, System
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.evaluation.predictions import Predictions
    from genre_model.training.recipe import Recipe

#: A quick reproduction changes each recipe so far that all of it runs at once.
QUICK_CHANGES = (
    "training.epochs=2",
    "training.steps_per_epoch=4",
    "training.validate_every_epochs=2",
    "training.patience_epochs=0",
    'training.schedule="constant"',
    "front_end.segment.n_segments=1",
)
#: Paper 002's changes of ResNet-18.
IMAGENET_CHANGES = (
    'network_options.weights="imagenet"',
    'network_options.frozen=["conv1", "bn1", "layer1", "layer2"]',
)
#: A quick reproduction takes one track in this many.
QUICK_EVERY = 7
#: The papers' length of a clip.
NOMINAL_SECONDS = 30
#: Repeats of a random split in a whole reproduction.
N_REPEATS = 20


@dataclass(frozen=True)
class Reproduction:
    """Data, output folder and thoroughness of a reproduction.

    Attributes:
        data_dir: a GTZAN folder, feature tables in or beside it.
        out: gets ``runs/``, ``rows/``, ``plots/``.
        quick: a few batches of one seed and one fold; its numbers mean nothing.
        full: train for the papers' time, not the rows' budget.
        seeds: trainings of each system; None takes each row's own.
        imagenet: whether ResNet-18 begins with published weights, its first parts
            frozen, as in paper 002.
        changes: further changes of every network's recipe.
    """

    data_dir: Path
    out: Path
    quick: bool = False
    full: bool = False
    seeds: int | None = None
    imagenet: bool = False
    changes: tuple[str, ...] = ()

    @cached_property
    def has_pictures(self) -> bool:
        """Whether the tracks are mel pictures, not audio."""
        return find_tracks(self.data_dir)[0].is_picture

    def check(self) -> None:
        """Check that there is something to reproduce with.

        Raises:
            TrainingDataError: if there is no such folder, or neither tracks nor a feature
                table in it.
        """
        if not self.data_dir.is_dir():
            raise TrainingDataError(f"--data {self.data_dir} is no folder")
        try:
            find_tracks(self.data_dir)
        except TrainingDataError as error:
            for seconds in FILE_NAMES:
                with suppress(TrainingDataError):
                    find_feature_table(self.data_dir, seconds)
                    return
            raise error from None

    @property
    def data_name(self) -> str:
        """What networks train on."""
        try:
            return "mel pictures" if self.has_pictures else "audio"
        except TrainingDataError:
            return "nothing, for there are no clips"

    @property
    def n_folds(self) -> int | None:
        """How many folds of a protocol are run; None is all of them."""
        return 1 if self.quick else None

    @property
    def n_repeats(self) -> int:
        """How often random splits are drawn."""
        return 2 if self.quick else N_REPEATS

    @property
    def every(self) -> int:
        """One track in this many is scored."""
        return QUICK_EVERY if self.quick else 1

    def reason_of(self, error: Exception) -> str:
        """Say why something is missing, without the folders that were searched."""
        return str(error).replace(str(self.data_dir), "the data folder")

    def plot(
        self,
        draw: Callable[..., list[Path]],
        what: Any,
        row: Row,
        name: str,
        title: str,
        **options: Any,
    ) -> list[str]:
        """Draw a plot of a row.

        Args:
            draw: a function of ``training.plots`` or ``papers.plots``.
            what: its first argument.
            row: whose ID begins the name and the title.
            name: of the files, in any letters.
            title: of the plot.
            options: of ``draw``.

        Returns:
            Its files, relative to the output folder.
        """
        stem = re.sub(r"[^a-z0-9-]+", "-", name.lower())
        path = self.out / "plots" / f"{row.id}-{stem}"
        paths = draw(what, f"{row.id} {title}", path, **options)
        return [one.relative_to(self.out).as_posix() for one in paths]

    def n_seeds(self, row: Row, system: System | None = None) -> int:
        """Return the number of trainings of a system, or of most in its row."""
        own = system.seeds if system is not None else 0
        return 1 if self.quick else self.seeds or own or row.seeds

    def recipe(self, system: System) -> Recipe:
        """Return the recipe of a network.

        Raises:
            RecipeError: if a change of the row does not fit it.
        """
        changes = [*system.set, *self._segments(system)]
        changes += () if self.full else system.budget
        if self.imagenet and system.recipe.startswith("b6"):
            changes += IMAGENET_CHANGES
        changes += QUICK_CHANGES if self.quick else ()
        # In one order, so that equal settings have one name; the last of a setting wins.
        last = {one.partition("=")[0]: one for one in (*changes, *self.changes)}
        ordered = [last[name] for name in sorted(last)]
        return read_recipe(system.recipe, ordered, pictures=self.has_pictures)

    def front_end(self, row_id: str) -> FrontEnd:
        """Return the front end of the first system of a row."""
        (row,) = chosen_rows([row_id])
        return self.recipe(row.systems[0]).front_end

    def _segments(self, system: System) -> list[str]:
        """Return the changes that cut a clip into segments of a given length."""
        if not system.segment_seconds:
            return []
        n_segments = NOMINAL_SECONDS // system.segment_seconds
        recipe = read_recipe(system.recipe, pictures=self.has_pictures)
        n_frames = clip_frames(recipe.front_end) // n_segments
        return [
            f"front_end.segment.segment_frames={n_frames}",
            f"front_end.segment.n_segments={n_segments}",
        ]

    def experiment(self, system: System, protocol: str) -> Experiment:
        """Return the experiment of a network; rows with equal settings share its runs."""
        recipe = self.recipe(system)
        genres = "" if system.genres == GENRES else f"-{'-'.join(system.genres)}"
        folder = f"{system.recipe}-{recipe.settings_hash}{genres}"
        return Experiment(
            recipe,
            self.data_dir,
            self.out / "runs" / folder,
            protocol,
            "pictures" if self.has_pictures else "audio",
            leave_out=_all_but_some() if self.quick else frozenset(),
            genres=system.genres,
        )

    def trainings(
        self, row: Row, protocol: str, system: System | None = None
    ) -> list[Training]:
        """Return the trainings of a system of a row, by default of its first."""
        system = system or row.systems[0]
        seeds = list(range(self.n_seeds(row, system)))
        trainings = trainings_of(self.experiment(system, protocol), seeds)
        first = trainings[0].fold.name
        return [one for one in trainings if not self.quick or one.fold.name == first]

    def predictions(
        self, row: Row, protocol: str, system: System | None = None
    ) -> list[Predictions]:
        """Predict with each seed of a system of a row, by default of its first.

        Raises:
            TrainingDataError: if runs or tracks are missing.
        """
        system = system or row.systems[0]
        experiment = self.experiment(system, protocol)
        evaluation = Evaluation(
            run_or_model=str(experiment.out),
            data_dir=self.data_dir,
            protocol=protocol,
            part=row.part,
            n_seeds=self.n_seeds(row, system),
            source=experiment.source,
            combination=system.combination,
            n_folds=self.n_folds,
            every=self.every,
        )
        return list(_predictions(evaluation))

    def table(self, seconds: int) -> FeatureTable:
        """Return the feature table of tracks, or of segments of a given length.

        Raises:
            TrainingDataError: if there is none.
        """
        return _table(find_feature_table(self.data_dir, seconds), seconds)


@cache
def _all_but_some() -> frozenset[str]:
    """Return the tracks that a quick reproduction leaves out of its trainings."""
    (everything,) = folds_of("stratified-80-20")
    names = sorted(everything.train + everything.test)
    return frozenset(names) - frozenset(names[::QUICK_EVERY])


@cache
def _predictions(evaluation: Evaluation) -> tuple[Predictions, ...]:
    """Several rows ask for the same: a confusion matrix, a table of genres."""
    return tuple(predict_systems(evaluation))


@lru_cache(maxsize=2)
def _table(path: Path, seconds: int) -> FeatureTable:
    table = read_feature_table(path)
    if table.seconds != seconds:
        raise TrainingDataError(
            f"{path} is a table of {table.seconds} s; one of {seconds} s is needed"
        )
    return table
