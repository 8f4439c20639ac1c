"""``beet genreclf-models``: lists, shows, chooses, removes and copies models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beets import ui

import genre_model
from beetsplug.genreclf.config.options import read_options
from beetsplug.genreclf.models import active
from beetsplug.genreclf.models.files import (
    about_file,
    export_model,
    import_model,
    remove_model,
    update_hint,
)
from beetsplug.genreclf.models.loading import (
    ModelError,
    ModelUnavailableError,
    load_classifier,
)
from beetsplug.genreclf.ui.reporter import LogReporter
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    import optparse
    from pathlib import Path

    import confuse
    from beets.library import Library
    from beets.logging import BeetsLogger

    from genre_model import GenreClassifier

#: How many arguments each flag takes, and the error for any other number.
ARGUMENTS = {
    "": ((0, 1), "name one model, please"),
    "use": ((1,), "name one model, please"),
    "remove": ((1,), "name one model, please"),
    "export": ((2,), "name a model and a file or folder, please"),
    "import": ((1, 2), "name a file and, if you like, what to call its model, please"),
}


def make_models_command() -> ui.Subcommand:
    """Return the command with its flags."""
    command = ui.Subcommand("genreclf-models", help="list, show and choose genre models")
    command.parser.usage = (
        "%prog [[--use | --remove] MODEL | --export MODEL FILE | --import FILE [NAME]]"
    )
    for flag, text in {
        "--use": "tag with this model from now on",
        "--remove": "delete a model of your own",
        "--export": "copy a model to an .onnx file or into a folder",
        "--import": "check an .onnx file, and add it to your models",
    }.items():
        command.parser.add_option(flag, action="store_true", help=text)
    return command


def run_models_command(
    config: confuse.Subview,
    log: BeetsLogger,
    _lib: Library,
    opts: optparse.Values,
    args: list[str],
) -> None:
    """List the models, show the card of one, choose, remove, export or import one.

    Raises:
        UserError: if a model does not exist, is damaged, or cannot be chosen, removed
            or copied.
    """
    configured = read_options(config).model
    try:
        match _given_flag(opts, args):
            case "use":
                _use(args[0], configured)
            case "remove":
                remove_model(args[0], configured)
            case "export":
                export_model(*args)
            case "import":
                import_model(args[0], args[1] if len(args) > 1 else None, configured)
            case _ if args:
                classifier = load_classifier(args[0])
                say(genre_model.card_details(classifier.model_id, classifier.card))
            case _:
                _list(configured, log)
    except ModelError as error:
        raise user_error(f"genreclf-models: {error}") from error


def _given_flag(opts: optparse.Values, args: list[str]) -> str:
    given = [flag for flag in ARGUMENTS if flag and getattr(opts, flag)] or [""]
    if len(given) > 1:
        others = ", ".join(f"--{flag}" for flag in given[1:])
        raise ModelError(f"--{given[0]} does not go with {others}")
    numbers, complaint = ARGUMENTS[given[0]]
    if len(args) not in numbers:
        raise ModelError(complaint)
    return given[0]


def _list(configured: str | Path | None, log: BeetsLogger) -> None:
    in_force, name_in_force, problem = None, None, None
    try:
        in_force, name_in_force = load_classifier(configured), _name_in_force(configured)
    except ModelUnavailableError as error:
        problem = f"the model in force is not available: {error}"
    for name in active.known_models():
        try:
            classifier = load_classifier(name)
        except ModelUnavailableError as error:  # the others are still listed
            if problem is None or str(error) not in problem:
                LogReporter(log).warning(str(error))
            continue
        _list_one(name, classifier, is_in_force=name == name_in_force)
    if problem is not None:
        raise ModelError(problem)
    if in_force is not None and name_in_force is None:  # a file somewhere else
        _list_one(in_force.card.name, in_force, is_in_force=True)


def _list_one(name: str, classifier: GenreClassifier, *, is_in_force: bool) -> None:
    model_id, card = classifier.model_id, classifier.card
    mark = "* " if is_in_force else "  "
    # A model is chosen by the name of its file, which its card need not know.
    named = "" if name == card.name else f"{genre_model.printable(name)}: "
    say(mark + named + genre_model.card_summary(model_id, card))


def _name_in_force(configured: str | Path | None) -> str | None:
    """Return the name of the model in force; None if it is a file somewhere else."""
    name = active.own_name(
        str(active.model_in_force(configured) or genre_model.DEFAULT_MODEL)
    )
    return name if name in active.known_models() else None


def _use(name: str, configured: str | Path | None) -> None:
    model_id = load_classifier(name).model_id
    name = active.own_name(name)
    if configured is not None:
        raise ModelError(
            f"the configuration says model: {configured}, and it has the last word; set "
            f"model: {name} there, or remove the line"
        )
    if name not in active.known_models():
        raise ModelError(
            f"{name} is a file; put it into {active.model_folder()}, or name it in the "
            "configuration as genreclf.model"
        )
    with about_file(active.model_folder()):
        active.choose_model(name)
    say(f"{name} ({model_id}) tags from now on")
    say(update_hint())
