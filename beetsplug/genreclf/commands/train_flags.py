"""The flags of ``beet genreclf-train``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from beets import ui

from beetsplug.genreclf.commands.flags import add_number, add_switch

if TYPE_CHECKING:
    import optparse

#: Flags that are options of the section ``genreclf``; the others are of ``training``.
GENERAL = ("quiet", "pretend", "threads")
#: Flags that are no options.
SWITCHES = ("album", "replace", "use", "backbone")


def make_train_command() -> ui.Subcommand:
    """Return the command with all of its flags; every default is "not given"."""
    command = ui.Subcommand(
        "genreclf-train", help="train a genre model on the genres of your library"
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"

    switch, number = partial(add_switch, parser), partial(add_number, parser)
    switch("-p", "--pretend", to="pretend", text="train and score, but keep no model")
    switch("-q", "--quiet", to="quiet", text="print warnings and the result only")
    switch("-a", "--albums", to="album", text="QUERY matches albums")
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
    switch("--replace", to="replace", text="replace even a better model of that name")
    switch("--use", to="use", text="tag with the new model from now on")
    return command


def given_flags(opts: optparse.Values) -> dict[str, Any]:
    """Return the flags that were given, by name."""
    return {name: value for name, value in vars(opts).items() if value is not None}


def options_of(flags: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the flags that are options of ``genreclf``, and those of ``training``."""
    general = {name: value for name, value in flags.items() if name in GENERAL}
    training = {
        name: value
        for name, value in flags.items()
        if name not in GENERAL and name not in SWITCHES
    }
    return general, training
