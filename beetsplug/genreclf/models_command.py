"""Runs ``beet genreclf-models``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from beets import ui

import genre_model
from beetsplug.genreclf.compat import UserError
from beetsplug.genreclf.model_choice import (
    choose_model,
    is_path,
    known_models,
    model_folder,
    own_name,
)
from beetsplug.genreclf.model_loading import ModelUnavailableError, load_classifier
from beetsplug.genreclf.options import read_options
from beetsplug.genreclf.reporter import LogReporter

if TYPE_CHECKING:
    import optparse

    import confuse
    from beets.logging import BeetsLogger

    from genre_model import GenreClassifier


def run_models_command(
    config: confuse.Subview, log: BeetsLogger, opts: optparse.Values, args: list[str]
) -> None:
    """List the models, show the card of one, or choose one.

    Raises:
        UserError: if a model does not exist, is damaged, or cannot be chosen.
    """
    configured = read_options(config).model
    if len(args) > 1 or (opts.use and not args):
        raise UserError("genreclf-models: name one model, please")
    if opts.use:
        _use(args[0], configured)
    elif args:
        classifier = _load(args[0])
        ui.print_(genre_model.card_details(classifier.model_id, classifier.card))
    else:
        _list(configured, log)


def _list(configured: str | Path | None, log: BeetsLogger) -> None:
    in_force = _load(configured)
    loaded = ((name, _load_or_warn(name, log)) for name in known_models())
    listed = [(name, classifier) for name, classifier in loaded if classifier is not None]
    if all(each.model_id != in_force.model_id for _, each in listed):
        # A file somewhere else.
        listed.append((in_force.card.name, in_force))
    for name, classifier in listed:
        model_id, card = classifier.model_id, classifier.card
        mark = "* " if model_id == in_force.model_id else "  "
        # A model is chosen by the name of its file, which its card need not know.
        named = "" if name == card.name else f"{name}: "
        ui.print_(mark + named + genre_model.card_summary(model_id, card))


def _use(name: str, configured: str | Path | None) -> None:
    model_id = _load(name).model_id
    name = own_name(name)
    if configured is not None:
        raise UserError(
            f"genreclf-models: the configuration says model: {configured}, and it has the "
            f"last word; set model: {name} there, or remove the line"
        )
    if name not in known_models():
        raise UserError(
            f"genreclf-models: {name} is a file; put it into {model_folder()}, or name it "
            "in the configuration as genreclf.model"
        )
    try:
        choose_model(name)
    except OSError as error:
        raise UserError(f"genreclf-models: {error}") from error
    ui.print_(f"{name} ({model_id}) tags from now on")
    ui.print_("To re-tag what other models tagged: beet genreclf --update")


def _load_or_warn(name: str, log: BeetsLogger) -> GenreClassifier | None:
    """Let one damaged file not hide the others."""
    try:
        return _load(name)
    except UserError as error:
        text = str(error).removeprefix("genreclf-models: ")
        LogReporter(log).warning(text)
        return None


def _load(name: str | Path | None) -> GenreClassifier:
    if isinstance(name, str) and is_path(name):
        name = Path(name).expanduser()
    try:
        return load_classifier(name)
    except ModelUnavailableError as error:
        raise UserError(f"genreclf-models: {error}") from error
