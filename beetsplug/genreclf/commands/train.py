"""``beet genreclf-train``: trains a model on the genres of the library."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from beets import ui

import genre_model
from beetsplug.genreclf.commands.common import (
    INTERRUPTED,
    add_number,
    add_switch,
    given_flags,
    matching,
    nothing_matches,
)
from beetsplug.genreclf.config.defaults import DEFAULTS
from beetsplug.genreclf.config.options import read_options
from beetsplug.genreclf.models.active import model_folder, model_in_force
from beetsplug.genreclf.models.library_labels import labelled_files
from beetsplug.genreclf.models.trained_model import check_folder, check_name, keep_model
from beetsplug.genreclf.policy.aliases import canonical_names
from beetsplug.genreclf.policy.vocabulary import GenreNames
from beetsplug.genreclf.ui.reporter import LogReporter, TerminalReporter
from beetsplug.genreclf.ui.signals import stop_on_signals
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    import optparse
    from collections.abc import Callable, Sequence

    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.compat import UserError
    from beetsplug.genreclf.config.options import Options
    from genre_model import LabelledFile, PersonalModel

STORE = "embeddings.db"
#: Flags that are options of the section ``genreclf``; the others are of ``training``.
GENERAL = ("quiet", "pretend", "threads")
#: Flags that are no options.
SWITCHES = ("albums", "replace", "use", "backbone")


def make_train_command() -> ui.Subcommand:
    """Return the command with all of its flags."""
    command = ui.Subcommand(
        "genreclf-train", help="train a genre model on the genres of your library"
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"
    switch, number = partial(add_switch, parser), partial(add_number, parser)
    switch("-p", "--pretend", text="train and score, but keep no model")
    switch("-q", "--quiet", text="print warnings and the result only")
    switch("-a", "--albums", text="QUERY matches albums")
    number("-t", "--threads", text="tracks listened to at a time")
    parser.add_option("--name", help="of the new model (default: personal)")
    parser.add_option("--label-field", help="where labels stand (default: genres)")
    parser.add_option("--labels", help="first or all genres of a track (default: first)")
    number("--min-tracks", text="drop genres with fewer tracks (default: 15)")
    number("--max-per-artist", text="tracks of an artist within a genre")
    number("--genre-balance", kind="float", text="0: tracks count alike, 1: genres do")
    number("--folds", text="of the cross-validation (default: 5)")
    number("--seed", text="of the folds (default: 0)")
    parser.add_option("--parent", help="model to build upon (default: the bundled one)")
    parser.add_option("--backbone", help="published network to build upon, once installed")
    switch("--replace", text="replace even a better model of that name")
    switch("--use", text="tag with the new model from now on")
    return command


@dataclass
class TrainCommand:
    """One run of ``beet genreclf-train``.

    Attributes:
        config: the ``genreclf`` section.
        log: of the plugin.
    """

    config: confuse.Subview
    log: BeetsLogger

    def run(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        """Train on the tracks that the query matches; keep the model if it is worth it.

        Raises:
            UserError: if no model can be trained, or an older one is better; the model
                that was in force stays so.
            confuse.ConfigError: naming the option.
        """
        read_options(self.config)  # before flags are laid over what may be wrong
        flags = given_flags(opts)
        self.config.set_args({name: flags[name] for name in GENERAL if name in flags})
        training = {
            name: value
            for name, value in flags.items()
            if name not in (*GENERAL, *SWITCHES)
        }
        self.config["training"].set(training | _parent_of(flags))
        options = read_options(self.config)
        check_name(options.training.name)
        by_album = bool(flags.get("albums"))
        items = list(matching(lib, args, albums=by_album))
        if not items:
            LogReporter(self.log).warning(nothing_matches(args, albums=by_album))
            return
        check_folder()
        # Until the model is kept: a late Ctrl-C must not fall between its files.
        with stop_on_signals() as is_stopped:
            model = self._train(options, items, is_stopped)
            if is_stopped():
                raise _interrupted("nothing has changed")
            say(model.headline() if options.quiet else model.report())
            command = command_line(options, with_query=bool(args))
            keep_model(model, items, options, flags, command)

    def _train(
        self, options: Options, items: Sequence[Item], is_stopped: Callable[[], bool]
    ) -> PersonalModel:
        files, notes = labelled_files(items, options.training.label_field)
        reporter = TerminalReporter(self.log, quiet=options.quiet)
        if not options.quiet:
            for note in notes:
                say(f"left out: {note}")
        try:
            return _fit(options, files, reporter, is_stopped)
        except genre_model.TrainingStoppedError as error:
            raise _interrupted(str(error)) from None
        except KeyboardInterrupt:  # the second press
            raise SystemExit(INTERRUPTED) from None
        except genre_model.GenreModelError as error:
            raise _error(f"{error}; nothing has changed") from error
        finally:
            reporter.close()


def _interrupted(text: str) -> SystemExit:
    say(f"interrupted: {text}")
    return SystemExit(INTERRUPTED)


def _fit(
    options: Options,
    files: Sequence[LabelledFile],
    reporter: TerminalReporter,
    is_stopped: Callable[[], bool],
) -> PersonalModel:
    source = model_in_force(options.training.parent or genre_model.DEFAULT_MODEL)
    parent = genre_model.GenreClassifier.load(source)
    names = GenreNames(
        parent.genres, label_map=options.policy.label_map, aliases=options.aliases
    )
    training = genre_model.PersonalTraining(
        settings=_settings(options),
        parent=parent,
        network=genre_model.parent_network(source, parent.model_id),
        store_path=model_folder() / STORE,
        parent_genres_of=names.labels_of,
        canonical=canonical_names(options.aliases),
        n_threads=options.threads,
        should_stop=is_stopped,
    )
    return training.run(files, reporter)


def _parent_of(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the parent that ``--backbone`` means, as a flag."""
    if "backbone" not in flags:
        return {}
    if "parent" in flags:
        raise _error("--backbone does not go with --parent")
    try:
        return {"parent": genre_model.installed_backbone(flags["backbone"])}
    except genre_model.GenreModelError as error:
        raise _error(str(error)) from error


def _settings(options: Options) -> genre_model.PersonalSettings:
    training = options.training
    return genre_model.PersonalSettings(
        min_tracks=training.min_tracks,
        max_per_artist=training.max_per_artist,
        multi_label=training.labels == "all",
        label_map=training.label_map,
        genre_balance=training.genre_balance,
        n_folds=training.folds,
        seed=training.seed,
    )


def command_line(options: Options, *, with_query: bool) -> str:
    """Return what trains such a model, less what only this person can mean."""
    plain = DEFAULTS["training"]
    shown = [
        " ".join([f"--{name.replace('_', '-')}", *_quoted(name, value)])
        for name, value in vars(options.training).items()
        if name != "label_map" and value != plain[name]
    ]
    mapped = ["with a label_map"] * bool(options.training.label_map)
    query = ["QUERY"] * with_query
    return " ".join(["beet genreclf-train", *shown, *query, *mapped])


def _quoted(name: str, value: object) -> list[str]:
    return ["PARENT" if name == "parent" else shlex.quote(str(value))]


def _error(text: str) -> UserError:
    return user_error(f"genreclf-train: {text}")
