"""``beet genreclf-train``: trains a model on the genres of the library."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

from beets import ui

import genre_model
from beetsplug.genreclf.commands import common
from beetsplug.genreclf.config.options import DEFAULTS, read_options
from beetsplug.genreclf.models.active import model_folder, model_in_force
from beetsplug.genreclf.models.files import check_name
from beetsplug.genreclf.models.loading import ModelError
from beetsplug.genreclf.ui.reporter import TerminalReporter
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
    from genre_model import PersonalModel, PersonalTraining

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
    switch, number = partial(common.add_switch, parser), partial(common.add_number, parser)
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


def run_train_command(
    config: confuse.Subview,
    log: BeetsLogger,
    lib: Library,
    opts: optparse.Values,
    args: list[str],
) -> None:
    """Train on the tracks that the query matches; keep the model unless it is worse.

    Raises:
        UserError: if no model can be trained, or an older one is better; the model in
            force stays so.
        confuse.ConfigError: naming the option.
        SystemExit: after Ctrl-C.
    """
    from beetsplug.genreclf.models.trained_model import check_folder, keep_model

    flags = common.given_flags(opts)
    options = _options(config, flags)
    reporter = TerminalReporter(log, quiet=options.quiet)
    try:
        check_name(options.training.name, other="the new model another --name")
        items = common.matching(lib, args, flags, log)
        if not items:
            return
        check_folder()
        # Until the model is kept: a late Ctrl-C must not come between its files.
        with stop_on_signals() as is_stopped:
            model = _train(options, items, reporter, is_stopped)
            if is_stopped():
                raise _interrupted("nothing has changed")
            say(model.headline() if options.quiet else model.report())
            command = command_line(options, with_query=bool(args))
            keep_model(model, items, options, flags, command)
    except ModelError as error:
        raise _error(str(error)) from error


def _options(config: confuse.Subview, flags: dict[str, Any]) -> Options:
    read_options(config)  # a mistake there is no mistake of the flags
    config.set_args({name: flags[name] for name in GENERAL if name in flags})
    others = (*GENERAL, *SWITCHES)
    training = {name: value for name, value in flags.items() if name not in others}
    if "backbone" in flags:
        if "parent" in flags:
            raise _error("--backbone does not go with --parent")
        try:
            training["parent"] = genre_model.installed_backbone(flags["backbone"])
        except genre_model.GenreModelError as error:
            raise _error(str(error)) from error
    config["training"].set(training)
    return read_options(config)


def _train(
    options: Options,
    items: Sequence[Item],
    reporter: TerminalReporter,
    is_stopped: Callable[[], bool],
) -> PersonalModel:
    from beetsplug.genreclf.models.library_labels import labelled_files

    files, notes = labelled_files(items, options.training.label_field)
    for note in notes if not options.quiet else ():
        say(f"left out: {note}")
    try:
        return _training(options, is_stopped).run(files, reporter)
    except genre_model.TrainingStoppedError as error:
        raise _interrupted(str(error)) from None
    except KeyboardInterrupt:  # the second press
        raise SystemExit(common.INTERRUPTED) from None
    except genre_model.GenreModelError as error:
        raise _error(f"{error}; nothing has changed") from error
    finally:
        reporter.close()


def _training(options: Options, is_stopped: Callable[[], bool]) -> PersonalTraining:
    from beetsplug.genreclf.policy.vocabulary import GenreNames, canonical_names

    training = options.training
    source = model_in_force(training.parent or genre_model.DEFAULT_MODEL)
    parent = genre_model.GenreClassifier.load(source)
    names = GenreNames(
        parent.genres, label_map=options.policy.label_map, aliases=options.aliases
    )
    return genre_model.PersonalTraining(
        settings=genre_model.PersonalSettings(
            min_tracks=training.min_tracks,
            max_per_artist=training.max_per_artist,
            multi_label=training.labels == "all",
            label_map=training.label_map,
            genre_balance=training.genre_balance,
            n_folds=training.folds,
            seed=training.seed,
        ),
        parent=parent,
        network=genre_model.parent_network(source, parent.model_id),
        store_path=model_folder() / STORE,
        parent_genres_of=names.labels_of,
        canonical=canonical_names(options.aliases),
        n_threads=options.threads,
        should_stop=is_stopped,
    )


def command_line(options: Options, *, with_query: bool) -> str:
    """Return the command that trains such a model, without private names."""
    words = ["beet genreclf-train"]
    for name, value in vars(options.training).items():
        if name != "label_map" and value != DEFAULTS["training"][name]:
            shown = "PARENT" if name == "parent" else shlex.quote(str(value))
            words.append(f"--{name.replace('_', '-')} {shown}")
    if with_query:
        words.append("QUERY")
    if options.training.label_map:
        words.append("with a label_map")
    return " ".join(words)


def _interrupted(text: str) -> SystemExit:
    say(f"interrupted: {text}")
    return SystemExit(common.INTERRUPTED)


def _error(text: str) -> UserError:
    return user_error(f"genreclf-train: {text}")
