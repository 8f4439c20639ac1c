"""Keeps a model that has just been trained, and puts it in force if wanted."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import genre_model
from beetsplug.genreclf.models import active
from beetsplug.genreclf.models.files import (
    about_file,
    model_id_at,
    remove_out_of_fold,
    update_hint,
)
from beetsplug.genreclf.models.loading import ModelError
from beetsplug.genreclf.models.out_of_fold import write_out_of_fold
from beetsplug.genreclf.ui.text import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beets.library import Item

    from beetsplug.genreclf.config.options import Options
    from genre_model import PersonalModel


def check_folder() -> None:
    """Refuse to train for hours a model that could not be kept.

    Raises:
        ModelError: naming what cannot be written.
    """
    probe = active.out_of_fold_path("probe")
    with about_file(probe):
        genre_model.write_atomically(probe, b"")
        probe.unlink()
        with suppress(OSError):  # the folder is not empty
            probe.parent.rmdir()


def keep_model(
    model: PersonalModel,
    items: Sequence[Item],
    options: Options,
    flags: dict[str, Any],
    command: str,
) -> None:
    """Write a model and its out-of-fold predictions; with ``--use``, put it in force.

    A model of the same name is replaced, unless it is better. A kill leaves either the old
    state or the new one.

    Raises:
        ModelError: if an older model is better, or nothing can be written; the older
            one stays as it is.
    """
    name = options.training.name
    is_in_force = _is_in_force(name, options.model)
    if not flags.get("replace"):
        _check_worth(model, name, is_in_force=is_in_force)
    use = bool(flags.get("use"))
    obstacle = None if is_in_force else _obstacle(model, options, use=use)
    if options.pretend:
        kept = "be kept, but not tag" if obstacle else "tag"
        say(f"pretending: {name} would {kept} from now on")
        return
    path = active.new_model_path(name)
    with about_file(path, "; nothing has changed"):
        model_id = _write(model, items, path, command)
    say(f"{model_id} is in {genre_model.printable(str(path))}")
    if obstacle is not None:
        if use:
            raise ModelError(f"the model is kept, but not in force. {obstacle}")
        say(obstacle)
        return
    if not is_in_force:
        with about_file(path, "; the model is kept, but not in force"):
            active.choose_model(name)
    say(f"{name} tags from now on")
    say(update_hint())
    command = f"{active.beet_command()} genreclf --check"
    say(f"To find tracks that may be mislabelled: {command}")


def _is_in_force(name: str, option: str | Path | None) -> bool:
    """Return True if a new model of this name is in force once it is written."""
    path = active.new_model_path(name)
    try:
        in_force = active.model_in_force(option)
        if isinstance(in_force, Path) and in_force.exists():
            return in_force.samefile(path)  # names may differ in case
        return in_force in (name, path)
    except (OSError, UnicodeError):
        return False


def _check_worth(model: PersonalModel, name: str, *, is_in_force: bool) -> None:
    """Refuse to replace a model by a worse one.

    Raises:
        ModelError: saying what is better.
    """
    better = genre_model.better_model_at(active.new_model_path(name), model)
    if better is None and is_in_force and model.is_guessing:
        better = "the new model is no better than 'majority' in the table"
    if better is not None:
        raise ModelError(
            f"{better}; to replace {name} anyway: --replace; to keep both: --name NAME"
        )


def _obstacle(model: PersonalModel, options: Options, *, use: bool) -> str | None:
    """Return why a model is not put in force; None if it is."""
    name = options.training.name
    command = f"{active.beet_command()} genreclf-models --use {shlex.quote(name)}"
    if options.model is not None:
        return (
            f"The configuration says model: {options.model}; to tag with the new one, set "
            f"model: {name} there, or remove the line"
        )
    if (better := model.beaten_by()) is not None:
        return (
            f"It is no better than {better!r} in the table. To tag with it anyway: "
            f"{command}"
        )
    return None if use else f"To tag with it: {command}"


def _write(model: PersonalModel, items: Sequence[Item], path: Path, command: str) -> str:
    """Return the id of the model, now that it is written."""
    old_id = model_id_at(path)
    genre_model.sweep_partials(active.model_folder())
    model_id, content = model.file_content(path.stem, command)
    scores = model.out_of_fold()
    trained = [item for item in items if str(item.id) in scores]
    write_out_of_fold(model_id, trained, scores, multi_label=model.card.multi_label)
    try:
        genre_model.write_atomically(path, content)
    except OSError:
        if model_id != old_id:
            with suppress(OSError):
                active.out_of_fold_path(model_id).unlink(missing_ok=True)
        raise
    if old_id is not None and old_id != model_id:
        with suppress(ModelError):  # a file that nobody needs
            remove_out_of_fold(path.stem, old_id)
    return model_id
