"""``beet genreclf-models``: lists, shows, chooses, removes and copies models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from beets import ui

import genre_model
from beetsplug.genreclf.compat import UserError
from beetsplug.genreclf.config.options import read_options
from beetsplug.genreclf.models.active import (
    choose_model,
    known_models,
    model_folder,
    model_in_force,
    own_name,
)
from beetsplug.genreclf.models.files import (
    about_file,
    export_model,
    import_model,
    load_model,
    models_error,
    remove_model,
    update_hint,
)
from beetsplug.genreclf.ui.reporter import LogReporter
from beetsplug.genreclf.ui.text import say

if TYPE_CHECKING:
    import optparse
    from pathlib import Path

    import confuse
    from beets.logging import BeetsLogger

    from genre_model import GenreClassifier

#: How many arguments each flag takes, and what is said of any other number.
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
    config: confuse.Subview, log: BeetsLogger, opts: optparse.Values, args: list[str]
) -> None:
    """List the models, show the card of one, choose, remove, export or import one.

    Raises:
        UserError: if a model does not exist, is damaged, or cannot be chosen, removed
            or copied.
    """
    configured = read_options(config).model
    flag = _flag(opts)
    numbers, complaint = ARGUMENTS[flag]
    if len(args) not in numbers:
        raise models_error(complaint)
    if flag == "use":
        _use(args[0], configured)
    elif flag == "remove":
        remove_model(args[0], configured)
    elif flag == "export":
        export_model(*args)
    elif flag == "import":
        import_model(args[0], args[1] if len(args) > 1 else None, configured)
    else:
        _list_or_show(args, configured, log)


def _flag(opts: optparse.Values) -> str:
    given = [flag for flag in ARGUMENTS if flag and getattr(opts, flag)]
    if len(given) > 1:
        others = ", ".join(f"--{flag}" for flag in given[1:])
        raise models_error(f"--{given[0]} does not go with {others}")
    return given[0] if given else ""


def _list_or_show(
    names: list[str], configured: str | Path | None, log: BeetsLogger
) -> None:
    for name in names:
        classifier = load_model(name)
        say(genre_model.card_details(classifier.model_id, classifier.card))
    if not names:
        _list(configured, log)


def _list(configured: str | Path | None, log: BeetsLogger) -> None:
    in_force, name_in_force = load_model(configured), _name_in_force(configured)
    loaded = ((name, _load_or_warn(name, log)) for name in known_models())
    listed = [(name, classifier) for name, classifier in loaded if classifier is not None]
    if name_in_force is None:
        # A file somewhere else.
        listed.append((in_force.card.name, in_force))
    for name, classifier in listed:
        model_id, card = classifier.model_id, classifier.card
        is_in_force = classifier is in_force or name == name_in_force
        mark = "* " if is_in_force else "  "
        # A model is chosen by the name of its file, which its card need not know.
        named = "" if name == card.name else f"{genre_model.printable(name)}: "
        say(mark + named + genre_model.card_summary(model_id, card))


def _name_in_force(configured: str | Path | None) -> str | None:
    """Return what the model in force is called; None if it is a file somewhere else."""
    name = own_name(str(model_in_force(configured) or genre_model.DEFAULT_MODEL))
    return name if name in known_models() else None


def _use(name: str, configured: str | Path | None) -> None:
    model_id = load_model(name).model_id
    name = own_name(name)
    if configured is not None:
        raise models_error(
            f"the configuration says model: {configured}, and it has the last word; set "
            f"model: {name} there, or remove the line"
        )
    if name not in known_models():
        raise models_error(
            f"{name} is a file; put it into {model_folder()}, or name it in the "
            "configuration as genreclf.model"
        )
    with about_file(model_folder()):
        choose_model(name)
    say(f"{name} ({model_id}) tags from now on")
    say(update_hint())


def _load_or_warn(name: str, log: BeetsLogger) -> GenreClassifier | None:
    """Let one damaged file not hide the others."""
    try:
        return load_model(name)
    except UserError as error:
        text = str(error).removeprefix("genreclf-models: ")
        LogReporter(log).warning(text)
        return None
