"""Keeps a model that has just been trained, and puts it in force if wanted."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import genre_model
from beetsplug.genreclf.compat import UserError
from beetsplug.genreclf.models.active import (
    beet_command,
    choose_model,
    model_folder,
    model_in_force,
    models_of_the_package,
    new_model_path,
    out_of_fold_path,
)
from beetsplug.genreclf.models.files import MODEL_NAME, remove_out_of_fold
from beetsplug.genreclf.models.out_of_fold import write_out_of_fold
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from beets.library import Item

    from beetsplug.genreclf.config.options import Options
    from genre_model import PersonalModel


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a model of one's own.

    Raises:
        UserError: saying why.
    """
    if not MODEL_NAME.fullmatch(name) or name.lower().endswith(".onnx"):
        raise _error(
            f"{name!r} cannot be the name of a model, only letters, digits, spaces and "
            "_.()-"
        )
    if name.casefold() in map(str.casefold, models_of_the_package()):
        raise _error(f"{name} comes with genreclf; give the new model another --name")


def check_folder() -> None:
    """Refuse to train for hours what could not be kept.

    Raises:
        UserError: naming what cannot be written.
    """
    probe = out_of_fold_path("probe")
    try:
        genre_model.write_atomically(probe, b"")
        probe.unlink()
        with contextlib.suppress(OSError):  # others are in it
            probe.parent.rmdir()
    except OSError as error:
        where = error.filename or probe
        raise _error(f"{where}: {error.strerror or error}") from error


def keep_model(
    model: PersonalModel,
    items: Sequence[Item],
    options: Options,
    flags: dict[str, Any],
    command: str,
) -> None:
    """Write the model and what was said of its tracks; with ``--use``, put it in force.

    A model of the same name is replaced, unless it is better. A kill leaves either the old
    state or the new one.

    Raises:
        UserError: if it is not worth to replace an older model, or nothing can be
            written; the older one stays as it is.
    """
    name = options.training.name
    is_in_force = _is_in_force(new_model_path(name), options)
    if not flags.get("replace"):
        _check_worth(model, name, is_in_force=is_in_force)
    why_not = None if is_in_force else _why_not(model, options, flags)
    if options.pretend:
        kept = "be kept, but not tag" if why_not else "tag"
        say(f"pretending: {name} would {kept} from now on")
        return
    with _about(name, "nothing has changed"):
        model_id = _write(model, items, name, command)
    path = genre_model.printable(str(new_model_path(name)))
    say(f"{model_id} is in {path}")
    if why_not is not None:
        if flags.get("use"):
            raise _error(f"the model is kept, but not in force. {why_not}")
        say(why_not)
        return
    if not is_in_force:
        with _about(name, "the model is kept, but not in force"):
            choose_model(name)
    say(f"{name} tags from now on")
    say(f"To re-tag what other models tagged: {beet_command()} genreclf --update")
    say(f"To find tracks that may be mislabelled: {beet_command()} genreclf --check")


def _is_in_force(path: Path, options: Options) -> bool:
    """Return True if a file is the model in force; names may differ in case."""
    try:
        in_force = model_in_force(options.model)
        return isinstance(in_force, Path) and in_force.samefile(path)
    except (OSError, UnicodeError):
        return False


def _check_worth(model: PersonalModel, name: str, *, is_in_force: bool) -> None:
    """Refuse to let a worse model take the place of another.

    Raises:
        UserError: saying what is better.
    """
    better = genre_model.better_model_at(new_model_path(name), model)
    if better is None and is_in_force and model.is_guessing:
        better = "the new model is no better than 'majority' in the table"
    if better is not None:
        raise _error(
            f"{better}; to replace {name} nevertheless: --replace; to keep both: --name "
            "NAME"
        )


def _why_not(model: PersonalModel, options: Options, flags: dict[str, Any]) -> str | None:
    """Say why a model is not put in force; None if it is."""
    name = options.training.name
    use = f"{beet_command()} genreclf-models --use {shlex.quote(name)}"
    if options.model is not None:
        return (
            f"The configuration says model: {options.model}; to tag with the new one, set "
            f"model: {name} there, or remove the line"
        )
    if (better := model.beaten_by()) is not None:
        return (
            f"It is no better than {better!r} in the table. To tag with it nevertheless: "
            f"{use}"
        )
    return None if flags.get("use") else f"To tag with it: {use}"


def _write(model: PersonalModel, items: Sequence[Item], name: str, command: str) -> str:
    path = new_model_path(name)
    old_id = _id_at(path)
    genre_model.sweep_partials(model_folder())
    model_id, content = model.file_content(name, command)
    scores = model.out_of_fold()
    told = [item for item in items if str(item.id) in scores]
    write_out_of_fold(model_id, told, scores, multi_label=model.card.multi_label)
    try:
        genre_model.write_atomically(path, content)
    except OSError:
        if model_id != old_id:
            with contextlib.suppress(OSError):
                out_of_fold_path(model_id).unlink(missing_ok=True)
        raise
    if old_id is not None and old_id != model_id:
        with contextlib.suppress(UserError, OSError):  # litter, no more
            remove_out_of_fold(name, old_id)
    return model_id


@contextlib.contextmanager
def _about(name: str, state: str) -> Iterator[None]:
    """Turn what goes wrong with a file into one line that says what holds now."""
    try:
        yield
    except OSError as error:
        where = error.filename or new_model_path(name)
        raise _error(f"{where}: {error.strerror or error}; {state}") from error
    except genre_model.GenreModelError as error:
        raise _error(f"{error}; {state}") from error


def _id_at(path: Path) -> str | None:
    try:
        return genre_model.GenreClassifier.load(path).model_id
    except genre_model.GenreModelError:
        return None


def _error(text: str) -> UserError:
    return user_error(f"genreclf-train: {text}")
