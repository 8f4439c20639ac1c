"""Embeddings of many files, from the store or from the network."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from genre_model.batch import for_each_file
from genre_model.errors import TrainingStoppedError
from genre_model.personal.embedding_store import EmbeddingStore, file_identity
from genre_model.personal.heads import track_embedding
from genre_model.worker.isolated_classifier import IsolatedClassifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from genre_model.batch import FileOutcome
    from genre_model.classifier import GenreClassifier
    from genre_model.personal.embedding_store import FileIdentity
    from genre_model.personal.settings import Watcher

    #: Identity of a file before decoding; its embedding, logits and probabilities.
    Vector = tuple[FileIdentity | None, NDArray[np.float32]]


@dataclass(frozen=True)
class Embeddings:
    """Outputs of a network for tracks.

    Attributes:
        paths: readable files, in the given order.
        embeddings: mean and standard deviation over segments
            [shape=(n_tracks, 2 * n_features)].
        logits: mean over segments [shape=(n_tracks, n_outputs)].
        probabilities: of the network's own genres [shape=(n_tracks, n_genres)].
        errors: of the other files, one line each.
    """

    paths: tuple[Path, ...]
    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Embedder:
    """Computes embedding, logits and probabilities of files."""

    classifier: GenreClassifier
    store_path: Path
    n_threads: int | None = None
    should_stop: Callable[[], bool] = lambda: False

    def embed(self, paths: Sequence[Path], watcher: Watcher) -> Embeddings:
        """Embed files; unreadable ones are left out and named.

        Raises:
            TrainingStoppedError: if asked to stop; the store keeps finished files.
        """
        card = self.classifier.card
        lengths = (2 * self.classifier.n_features, card.n_outputs, len(card.genres))
        n_values = sum(lengths)
        store = EmbeddingStore(self.store_path, self.classifier.model_id, n_values)
        try:
            known = store.read(paths)
            new, errors = self._embed_new(
                [p for p in paths if p not in known], store, watcher
            )
        finally:
            store.close()
            if store.trouble is not None:
                watcher.warning(f"{store.trouble}: the next training listens again")
        vectors = known | new
        kept = tuple(path for path in paths if path in vectors)
        rows = np.array([vectors[path] for path in kept], np.float32).reshape(-1, n_values)
        embeddings, logits, probabilities = np.split(rows, np.cumsum(lengths)[:-1], axis=1)
        return Embeddings(kept, embeddings, logits, probabilities, tuple(errors))

    def _embed_new(
        self, paths: Sequence[Path], store: EmbeddingStore, watcher: Watcher
    ) -> tuple[dict[Path, NDArray[np.float32]], list[str]]:
        watcher.expect(len(paths))
        new: dict[Path, NDArray[np.float32]] = {}
        errors: list[str] = []
        for outcome in self._outcomes(paths):
            watcher.advance()
            if outcome.result is None:
                errors.append(str(outcome.error))
                watcher.warning(str(outcome.error))
                continue
            identity, new[outcome.path] = outcome.result
            store.write(identity, new[outcome.path])
        if self.should_stop():
            raise TrainingStoppedError("stopped while listening; nothing has changed")
        return new, errors

    def _outcomes(self, paths: Sequence[Path]) -> Iterator[FileOutcome[Vector]]:
        if not paths:
            return
        with closing(IsolatedClassifier.copy_of(self.classifier)) as isolated:
            yield from for_each_file(
                partial(self._vector, isolated),
                paths,
                n_threads=self.n_threads,
                should_stop=self.should_stop,
            )

    def _vector(self, isolated: IsolatedClassifier, path: Path) -> Vector:
        # First: a file that changes meanwhile is decoded again next time.
        identity = file_identity(path)
        scores = isolated.score_file(path)
        parts = [
            track_embedding(scores.embedding),
            scores.logits.mean(axis=0),
            self.classifier.track_probabilities(scores.logits),
        ]
        return identity, np.concatenate(parts).astype(np.float32)
