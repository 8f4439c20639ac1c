"""The flags of ``beet genreclf-train``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from beets import ui

if TYPE_CHECKING:
    import optparse

#: Flags that are options of the section ``genreclf``; the others are of ``training``.
GENERAL = ("quiet", "pretend", "threads")
#: Flags that are no options.
SWITCHES = ("album", "replace", "use")


def make_train_command() -> ui.Subcommand:
    """Return the command with all of its flags; every default is "not given"."""
    command = ui.Subcommand(
        "genreclf-train", help="train a genre model on the genres of your library"
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"

    def switch(*flags: str, to: str, value: bool = True, text: str) -> None:
        action = "store_true" if value else "store_false"
        parser.add_option(*flags, dest=to, action=action, default=None, help=text)

    def number(*flags: str, kind: str, text: str) -> None:
        parser.add_option(*flags, type=kind, default=None, help=text)

    switch("-p", "--pretend", to="pretend", text="train and score, but keep no model")
    switch("-q", "--quiet", to="quiet", text="print warnings and the result only")
    switch("-a", "--albums", to="album", text="QUERY matches albums")
    number("-t", "--threads", kind="int", text="tracks listened to at a time")
    parser.add_option("--name", help="of the new model (default: personal)")
    parser.add_option("--label-field", help="where labels stand (default: genres)")
    parser.add_option("--labels", help="first or all genres of a track (default: first)")
    number("--min-tracks", kind="int", text="drop genres with fewer tracks (default: 15)")
    number("--max-per-artist", kind="int", text="tracks of an artist within a genre")
    number("--genre-balance", kind="float", text="0: tracks count alike, 1: genres do")
    number("--folds", kind="int", text="of the cross-validation (default: 5)")
    number("--seed", kind="int", text="of the folds (default: 0)")
    parser.add_option("--method", help="head (default); finetune, scratch: need torch")
    number("--epochs", kind="int", text="of finetune and scratch")
    parser.add_option("--parent", help="model to build upon (default: the bundled one)")
    switch("--replace", to="replace", text="replace even a better model of that name")
    switch("--no-use", to="use", value=False, text="do not tag with the new model yet")
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
