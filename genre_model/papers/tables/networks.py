"""Networks on rows of a feature table, with or without mel pictures beside them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin

from genre_model.errors import RecipeError, TrainingDataError
from genre_model.model.segment_probabilities import softmax
from genre_model.training.data.labelled_mel_frames import (
    LabelledMelFrames,
    TrainingData,
    load_labelled_mel_frames,
)
from genre_model.training.export import check_weights
from genre_model.training.fit.train import segment_logits, train_network
from genre_model.training.networks import build_network
from genre_model.training.recipe import read_recipe
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.papers.tables.feature_table import FeatureTable
    from genre_model.training.data.gtzan import LabelledTrack
    from genre_model.training.recipe import Recipe

TABLE_RECIPE = "a3_table_cnn"
PICTURE_RECIPE = "a5_table_picture_cnn"
#: Paper 001: "resized to 128 x 128".
PICTURE_SIZE = 128
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
        """Train on rows of standardised features, with a picture behind them or not.

        Raises:
            RecipeError: if the recipe is not one for tables.
        """
        values = np.asarray(X, np.float32)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.n_features_in_ = values.shape[1]
        segments = segments_of_rows(values, self.picture_size)
        recipe = self._recipe_for(segments)
        rows = LabelledMelFrames(
            tuple(f"row {place}" for place in range(len(codes))),
            codes.astype(np.int64),
            tuple(segments),
            tuple(map(str, self.classes_)),
        )
        shape, options = segments.shape[1:], recipe.network_options
        build = partial(build_network, recipe.network, shape, len(self.classes_), options)
        with tempfile.TemporaryDirectory() as folder:
            self.network_ = train_network(
                recipe,
                self.seed,
                TrainingData(rows, rows.subset(())),
                RunFolder(Path(folder)),
                build,
            )
        check_weights(self.network_, recipe.name)
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

    def _recipe_for(self, segments: NDArray[np.float32]) -> Recipe:
        """Fit the length of an epoch to the rows, and that of a segment to their shape."""
        recipe = read_recipe(self.recipe, self.changes)
        if recipe.training.standardise_tracks:
            raise RecipeError(
                f"recipe {recipe.name} standardises each track by itself, which would mix "
                "the features of a row: set standardise_tracks to false"
            )
        options = recipe.network_options
        if self.picture_size:
            options = options | {"n_features": self.n_features_in_ - self.picture_size**2}
        steps = -(-len(segments) // recipe.training.batch_size)
        segment = replace(
            recipe.front_end.segment, segment_frames=segments.shape[2], n_segments=1
        )
        return replace(
            recipe,
            network_options=options,
            front_end=replace(recipe.front_end, segment=segment),
            training=replace(recipe.training, steps_per_epoch=steps),
        )


def segments_of_rows(values: NDArray[np.float32], picture_size: int) -> NDArray[np.float32]:
    """Return the input of networks for tables.

    Args:
        values: features, and behind them the values of a picture, if there is one
            [shape=(n_rows, n_features + picture_size ** 2)].
        picture_size: 0 if there is none.

    Returns:
        [shape=(n_rows, n_features, 1)], or pictures with the features in one more
        column [shape=(n_rows, picture_size, picture_size + 1)].
    """
    if not picture_size:
        return values[:, :, None]
    n_features = values.shape[1] - picture_size**2
    if not 0 < n_features <= picture_size:
        raise ValueError(
            f"rows have {values.shape[1]} columns; expected a picture of {picture_size} x "
            f"{picture_size} and 1 to {picture_size} features"
        )
    segments = np.zeros((len(values), picture_size, picture_size + 1), np.float32)
    segments[:, :, :-1] = values[:, n_features:].reshape(-1, picture_size, picture_size)
    segments[:, :n_features, -1] = values[:, :n_features]
    return segments


def with_pictures(
    table: FeatureTable, tracks: Sequence[LabelledTrack], front_end: FrontEnd
) -> FeatureTable:
    """Append the mel picture of each track to its row; rows without one are left out.

    Returns:
        ``PICTURE_SIZE ** 2`` more columns, from 0 to 1 in each picture, row by row and
        highest band first.

    Raises:
        TrainingDataError: if rows are segments, or have no picture at all.
    """
    if table.is_segmented:
        raise TrainingDataError("mel pictures are of whole tracks; take the 30-s table")
    wanted = set(table.track_ids)
    there = [track for track in tracks if track.track_id in wanted]
    pictures = load_labelled_mel_frames(there, front_end, show_progress=True)
    frames_of = dict(zip(pictures.track_ids, pictures.mel_frames, strict=True))
    kept = table.rows_named(frames_of)
    columns = [_scaled_picture(frames_of[name]) for name in kept.track_ids]
    names = tuple(f"pixel{place}" for place in range(PICTURE_SIZE**2))
    values = np.concatenate([kept.values, np.stack(columns)], axis=1)
    return replace(kept, names=kept.names + names, values=values)


def _scaled_picture(mel_frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """Resize mel frames to a square, and map their extremes to 0 and 1."""
    lowest, highest = float(mel_frames.min()), float(mel_frames.max())
    grey = (mel_frames[::-1] - lowest) / max(highest - lowest, 1e-6)
    picture = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    resized = picture.resize((PICTURE_SIZE, PICTURE_SIZE), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float64).ravel()
