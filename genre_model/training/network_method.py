"""Training methods of personal models that train a network; they need torch."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from genre_model.personal.method import Fitted
from genre_model.training.personal_network import train_folds

if TYPE_CHECKING:
    from collections.abc import Callable

    from genre_model.card import Card
    from genre_model.personal.method import TrainingTracks
    from genre_model.personal.settings import PersonalSettings, Watcher
    from genre_model.training.personal_network import PersonalNetwork


@dataclass(frozen=True)
class NetworkMethod:
    """Trains the network of the parent further, or one from scratch.

    Attributes:
        name: ``finetune`` or ``scratch``.
        parent_source: the model whose weights are the start, as for ``read_model``.
        folder: for mel frames, checkpoints and finished folds.
        epochs: None is what the recipe says.
        n_threads: files decoded at once.
        should_stop: asked while decoding, and after each epoch.
    """

    name: str
    parent_source: str | Path | None
    folder: Path
    epochs: int | None = None
    n_threads: int | None = None
    should_stop: Callable[[], bool] = lambda: False

    def fit(
        self, tracks: TrainingTracks, settings: PersonalSettings, watcher: Watcher
    ) -> Fitted:
        """Train on every fold, then on everything; a training that was killed goes on.

        Raises:
            TrainingStoppedError: if asked to stop; epochs that are done are kept.
            TrainingDataError: if too little can be read.
        """
        network = train_folds(
            tracks.files,
            tracks.labels,
            tracks.targets.argmax(axis=1),
            tracks.folds,
            method=cast('Literal["finetune", "scratch"]', self.name),
            parent=self.parent_source,
            folder=self.folder,
            epochs=self.epochs,
            seed=settings.seed,
            n_threads=self.n_threads,
            should_stop=self.should_stop,
            watcher=watcher,
            genre_balance=settings.genre_balance,
        )
        kept = None
        if len(network.keys) < len(tracks.files):
            # Damaged where tagging does not listen; it has been said.
            row_of = {file.key: row for row, file in enumerate(tracks.files)}
            kept = np.array([row_of[key] for key in network.keys], np.int64)
        return Fitted(
            probabilities=network.out_of_fold,
            temperature=network.temperature,
            front_end=network.front_end,
            pool_logits=False,
            details={"recipe": network.recipe_name},
            serialise=lambda card: _serialised(network, card),
            clean_up=network.clean_up,
            kept=kept,
        )


def _serialised(network: PersonalNetwork, card: Card) -> bytes:
    """Return the content of the model file, after the check of the export."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        network.write(path, card)
        return path.read_bytes()
