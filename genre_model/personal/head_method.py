"""The default way to train: a head on the embeddings of the parent."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from genre_model.personal.cross_validation import HeadData, cross_validate
from genre_model.personal.head_file import head_model, parent_network
from genre_model.personal.method import Fitted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from genre_model.card import Card
    from genre_model.classifier import GenreClassifier
    from genre_model.personal.head_file import LinearHead
    from genre_model.personal.method import TrainingTracks
    from genre_model.personal.settings import PersonalSettings, Watcher


@dataclass(frozen=True)
class HeadMethod:
    """Fits a regularised logistic regression, its strength chosen by grouped folds.

    Attributes:
        parent: the model whose network the head goes on.
        parent_source: where that model was read from, as for ``read_model``.
        n_threads: heads fitted at once.
        should_stop: asked between two heads.

    Raises:
        ModelFileError: if no head can go on that model.
    """

    parent: GenreClassifier
    parent_source: str | Path | None = None
    n_threads: int | None = None
    should_stop: Callable[[], bool] = lambda: False
    name: str = "head"
    _network: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Keep the file of the parent, for it may be replaced during the training."""
        network = parent_network(self.parent_source, self.parent.model_id)
        object.__setattr__(self, "_network", network)

    def fit(
        self, tracks: TrainingTracks, settings: PersonalSettings, watcher: Watcher
    ) -> Fitted:
        """Cross-validate, then fit the head that is kept.

        Raises:
            TrainingStoppedError: if asked to stop.
        """
        del watcher  # seconds need no progress
        data = HeadData(
            tracks.embeddings,
            tracks.targets,
            multi_label=settings.multi_label,
            genre_balance=settings.genre_balance,
        )
        judged = cross_validate(
            data, tracks.folds, n_threads=self.n_threads, should_stop=self.should_stop
        )
        head = data.fit_final(judged.choice.strength)
        return Fitted(
            probabilities=judged.probabilities,
            temperature=judged.choice.temperature,
            front_end=self.parent.card.front_end,
            pool_logits=True,
            details={"strength": judged.choice.strength},
            serialise=partial(self._serialise, head),
        )

    def _serialise(self, head: LinearHead, card: Card) -> bytes:
        return head_model(self._network, head, card)
