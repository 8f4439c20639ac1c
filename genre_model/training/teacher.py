"""What trained models say of the crops that another network learns from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from genre_model.errors import RecipeError, TrainingDataError
from genre_model.model_file import read_model
from genre_model.segment_probabilities import softmax
from genre_model.segments import Segments

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from genre_model.config import FrontEnd
    from genre_model.model_file import Model


@dataclass(frozen=True)
class Teaching:
    """Whose opinion is learned, and how much it counts.

    Attributes:
        runs: folder of trained runs, of the same protocol.
        weight: share of the loss that compares with the opinion; the rest compares with
            the labels.
        temperature: divides the logits of teachers and student for that; above 1, what
            teachers half believe counts more.
    """

    runs: Path
    weight: float = 0.7
    temperature: float = 2.0


class Teacher:
    """The mean opinion of trained models (Hinton, Vinyals & Dean 2015).

    It hears each crop as the student does, mixed and augmented (Beyer et al. 2022).

    Args:
        models: that all have the student's genres and mel frames.
        teaching: how much they count.
        n_threads: models that are asked at once.
    """

    def __init__(
        self, models: Sequence[Model], teaching: Teaching, n_threads: int = 1
    ) -> None:
        self._models = models
        self._teaching = teaching
        self._pool = ThreadPoolExecutor(n_threads)

    def taught(self, loss: Tensor, logits: Tensor, segments: Tensor) -> Tensor:
        """Return a loss that also says how far a student is from the opinion.

        Args:
            loss: by the labels.
            logits: of the student [shape=(n, n_genres)].
            segments: that it heard [shape=(n, n_mels, n_frames)].
        """
        temperature = self._teaching.temperature
        opinion = self.probabilities(segments).to(logits.device)
        cooled = functional.cross_entropy(logits / temperature, opinion)
        # By the square of the temperature, so that gradients stay of the same size.
        return loss.lerp(temperature**2 * cooled, self._teaching.weight)

    def probabilities(self, segments: Tensor) -> Tensor:
        """Return the opinion of each segment [shape=(n, n_genres), each row's sum 1].

        Args:
            segments: log-mel values [shape=(n, n_mels, n_frames)].
        """
        values = np.ascontiguousarray(segments.numpy(), np.float32)
        asked = self._pool.map(partial(self._ask, values), self._models)
        return torch.from_numpy(np.mean(list(asked), axis=0))

    def _ask(self, values: NDArray[np.float32], model: Model) -> NDArray[np.float32]:
        starts = np.zeros(len(values), np.int64)
        logits = model.scorer.score(Segments(values, starts)).logits
        return softmax(logits, self._teaching.temperature)


def read_teachers(
    folder: Path, front_end: FrontEnd, genres: Sequence[str], heard: Collection[str]
) -> list[Model]:
    """Read the models of the runs in a folder, of one fold.

    Args:
        folder: holds ``seed-<n>`` folders.
        front_end: of the student.
        genres: of the student.
        heard: ids of tracks that a teacher may have trained on: what it knows of others,
            the student would learn as well.

    Raises:
        TrainingDataError: if there is none, or one may have heard other tracks.
        RecipeError: if one has other genres or another front end.
    """
    paths = sorted(folder.glob("seed-*/model.onnx"))
    if not paths:
        raise TrainingDataError(f"--teachers: no trained model in {folder}")
    models = [read_model(path) for path in paths]
    for path, model in zip(paths, models, strict=True):
        card = model.card
        if card.genres != tuple(genres) or card.front_end != front_end:
            raise RecipeError(
                f"--teachers: {path} has other genres or another front end than the recipe"
            )
        if "track_ids" not in card.training:
            raise TrainingDataError(
                f"--teachers: {path} does not say which tracks it was trained on"
            )
        if others := set(card.training["track_ids"]) - set(heard):
            raise TrainingDataError(
                f"--teachers: {path} was trained on {len(others)} tracks that this fold "
                f"does not train on, such as {min(others)}"
            )
    return models
