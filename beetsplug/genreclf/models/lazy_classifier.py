"""The classifier, once a track has needed it."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from beetsplug.genreclf.models.active import known_models
from beetsplug.genreclf.models.loading import (
    ModelUnavailableError,
    load_classifier,
    load_isolated,
)
from beetsplug.genreclf.ui.reporter import LogReporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from beets.logging import BeetsLogger

    from beetsplug.genreclf.config.options import Options
    from genre_model import IsolatedClassifier


class LazyClassifier:
    """Loads at most one classifier, in whichever thread asks first.

    Plugins are created for every ``beet`` command, and the process that listens takes a
    third of a second to start, so none may be started before there is a track to hear.
    """

    def __init__(self, log: BeetsLogger) -> None:
        """Load nothing.

        Args:
            log: of the plugin.
        """
        self._log = log
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
                _check_labels(options, classifier, self._log)
                self._loaded = (options.model, classifier)
            return self._loaded[1]


def _check_labels(
    options: Options, classifier: IsolatedClassifier, log: BeetsLogger
) -> None:
    """Refuse labels that no model has: misspelt, they would protect from nothing."""
    unknown = options.policy.unknown_labels(classifier.genres)
    if not unknown:
        return
    known = {*classifier.genres, *_labels_of_all_models()}
    misspelt = options.policy.unknown_labels(known)
    for option, labels in (misspelt or unknown).items():
        text = (
            f"option {option}: the model {classifier.model_id} has no label "
            f"{', '.join(sorted(labels))}; it has {', '.join(classifier.genres)}"
        )
        if misspelt:
            raise ModelUnavailableError(text)
        LogReporter(log).warning(text)


def _labels_of_all_models() -> Iterator[str]:
    for name in known_models():
        with suppress(ModelUnavailableError):
            yield from load_classifier(name).genres
