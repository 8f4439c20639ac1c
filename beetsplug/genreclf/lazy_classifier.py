"""The classifier, once a track has needed it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from beetsplug.genreclf.model_loading import ModelUnavailableError, load_isolated

if TYPE_CHECKING:
    from pathlib import Path

    from beetsplug.genreclf.options import Options
    from genre_model import IsolatedClassifier


class LazyClassifier:
    """Loads at most one classifier, in whichever thread asks first.

    Plugins are created for every ``beet`` command, and the process that listens takes a
    third of a second to start, so none may be started before there is a track to hear.
    """

    def __init__(self) -> None:
        """Load nothing."""
        self._lock = threading.Lock()
        self._loaded: tuple[str | Path | None, IsolatedClassifier] | None = None

    def load(self, options: Options) -> IsolatedClassifier:
        """Return the classifier that the options ask for.

        Raises:
            ModelUnavailableError: the file is missing or damaged, a library that it
                needs cannot be imported on this machine, or the options name a label
                that the model does not have.
        """
        with self._lock:
            if self._loaded is None or self._loaded[0] != options.model:
                classifier = load_isolated(options.model)
                _check_labels(options, classifier)
                self._loaded = (options.model, classifier)
            return self._loaded[1]


def _check_labels(options: Options, classifier: IsolatedClassifier) -> None:
    """Refuse labels that the model lacks: misspelt, they would protect from nothing."""
    for option, labels in options.policy.unknown_labels(classifier.genres).items():
        named = ", ".join(sorted(labels))
        raise ModelUnavailableError(
            f"option {option}: the model {classifier.model_id} has no label {named}; it "
            f"has {', '.join(classifier.genres)}"
        )
