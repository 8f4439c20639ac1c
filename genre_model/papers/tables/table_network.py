"""A scikit-learn classifier that trains a network of a recipe on rows of a table."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from genre_model.errors import RecipeError
from genre_model.model.segment_probabilities import softmax
from genre_model.training.data.labelled_mel_frames import LabelledMelFrames, TrainingData
from genre_model.training.export.export import check_weights
from genre_model.training.fit.track_scores import segment_logits
from genre_model.training.fit.train import train_network
from genre_model.training.networks import build_network
from genre_model.training.recipe import read_recipe
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray
    from torch import nn

    from genre_model.training.recipe import Recipe

#: Rows that are scored at once.
BATCH_ROWS = 256


class TableNetwork(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Each row becomes a segment of one frame; the training is that of every network.

    Args:
        recipe: name of a recipe, or path of one; an epoch of it is one pass over the
            rows, for any ``steps_per_epoch``.
        changes: settings of it to change, such as ``training.epochs=20``.
        picture_size: the last columns of X are a square picture of this size, row by
            row; 0 if all columns are features.
        seed: of weights and batches.

    Attributes:
        network_: the trained one, in evaluation mode.
        classes_: labels, in the order of the probabilities [shape=(n_classes,)].
        n_features_in_: width of X.
    """

    def __init__(
        self,
        recipe: str,
        changes: Sequence[str] = (),
        *,
        picture_size: int = 0,
        seed: int = 0,
    ) -> None:
        self.recipe = recipe
        self.changes = changes
        self.picture_size = picture_size
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike) -> TableNetwork:  # noqa: N803
        """Train on rows.

        Args:
            X: standardised features [shape=(n_rows, n_features)], and a picture behind
                them if there is one.
            y: labels [shape=(n_rows,)].

        Raises:
            RecipeError: if the recipe is not one for tables.
        """
        values = np.asarray(X, np.float32)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.n_features_in_ = values.shape[1]
        segments = segments_of_rows(values, self.picture_size)
        recipe = _recipe_for(self._read_recipe(), segments)
        rows = LabelledMelFrames(
            tuple(f"row {place}" for place in range(len(codes))),
            codes.astype(np.int64),
            tuple(segments),
            tuple(map(str, self.classes_)),
        )
        build = partial(_build, recipe, segments.shape[1:], len(self.classes_))
        self.network_ = self._train(recipe, rows, build)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:  # noqa: N803
        """Return probabilities [shape=(n_rows, n_classes), rows sum to 1]."""
        segments = segments_of_rows(np.asarray(X, np.float32), self.picture_size)
        logits = [
            segment_logits(self.network_, segments[first : first + BATCH_ROWS])
            for first in range(0, len(segments), BATCH_ROWS)
        ]
        return softmax(np.concatenate(logits), 1.0)

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the most probable label of each row [shape=(n_rows,)]."""
        labels: NDArray[Any] = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return labels

    def _read_recipe(self) -> Recipe:
        recipe = read_recipe(self.recipe, self.changes)
        if recipe.training.standardise_tracks:
            raise RecipeError(
                f"recipe {recipe.name} standardises each track by itself, which would mix "
                "the features of a row: set standardise_tracks to false"
            )
        if not self.picture_size:
            return recipe
        n_features = self.n_features_in_ - self.picture_size**2
        options = recipe.network_options | {"n_features": n_features}
        return replace(recipe, network_options=options)

    def _train(
        self, recipe: Recipe, rows: LabelledMelFrames, build: Callable[[], nn.Module]
    ) -> nn.Module:
        with tempfile.TemporaryDirectory() as folder:
            network = train_network(
                recipe,
                self.seed,
                TrainingData(rows, rows.subset(())),
                RunFolder(Path(folder)),
                build,
            )
        check_weights(network, recipe.name)
        return network


def segments_of_rows(values: NDArray[np.float32], picture_size: int) -> NDArray[np.float32]:
    """Return what the networks for tables take.

    Args:
        values: features, and behind them the values of a picture, if there is one
            [shape=(n_rows, n_features + picture_size ** 2)].
        picture_size: 0 if there is none.

    Returns:
        [shape=(n_rows, n_features, 1)], or pictures with the features in one more
        column [shape=(n_rows, picture_size, picture_size + 1)].

    Raises:
        ValueError: if there is no place for the features.
    """
    if not picture_size:
        return values[:, :, None]
    n_features = values.shape[1] - picture_size**2
    if not 0 < n_features <= picture_size:
        raise ValueError(
            f"rows have {values.shape[1]} columns; expected a picture of {picture_size} x "
            f"{picture_size} and 1 to {picture_size} features"
        )
    shape = (len(values), picture_size, picture_size + 1)
    segments = np.zeros(shape, np.float32)
    segments[:, :, :-1] = values[:, n_features:].reshape(-1, picture_size, picture_size)
    segments[:, :n_features, -1] = values[:, :n_features]
    return segments


def _recipe_for(recipe: Recipe, segments: NDArray[np.float32]) -> Recipe:
    """Fit the length of an epoch to the rows, and that of a segment to their shape."""
    steps = -(-len(segments) // recipe.training.batch_size)
    front_end = replace(
        recipe.front_end,
        segment=replace(
            recipe.front_end.segment, segment_frames=segments.shape[2], n_segments=1
        ),
    )
    training = replace(recipe.training, steps_per_epoch=steps)
    return replace(recipe, front_end=front_end, training=training)


def _build(recipe: Recipe, shape: tuple[int, int], n_classes: int) -> nn.Module:
    return build_network(recipe.network, shape, n_classes, recipe.network_options)
