"""The flags of ``beet genreclf-eval``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from beets import ui

from beetsplug.genreclf.commands.flags import add_number, add_switch
from beetsplug.genreclf.compat import UserError

if TYPE_CHECKING:
    import optparse

#: Flags that are options of the section ``genreclf``, and those of ``training``.
GENERAL = ("quiet", "threads", "model")
TRAINING = ("label_field", "labels")
#: Disagreements that are listed.
DEFAULT_NUMBER = 20


def make_eval_command() -> ui.Subcommand:
    """Return the command with all of its flags; every default is "not given"."""
    command = ui.Subcommand(
        "genreclf-eval", help="measure a genre model against the genres of your library"
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"

    switch, number = partial(add_switch, parser), partial(add_number, parser)
    switch("-q", "--quiet", to="quiet", text="print warnings and the headline only")
    switch("-a", "--albums", to="album", text="QUERY matches albums")
    number("-t", "--threads", text="tracks listened to at a time")
    parser.add_option("--model", help="name of a model, or an .onnx file")
    parser.add_option("--label-field", help="where labels stand (default: genres)")
    parser.add_option("--labels", help="first or all genres of a track (default: first)")
    switch("--listen-again", to="listen_again", text="recall nothing, listen to all")
    number("-n", "--number", text=f"disagreements to list (default: {DEFAULT_NUMBER})")
    return command


def given_flags(opts: optparse.Values) -> dict[str, Any]:
    """Return the flags that were given, by name.

    Raises:
        UserError: if a number cannot be.
    """
    flags = {name: value for name, value in vars(opts).items() if value is not None}
    if flags.get("number", 0) < 0:
        raise UserError(f"genreclf-eval: --number must be 0 or more, not {flags['number']}")
    return flags


def options_of(flags: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the flags that are options of ``genreclf``, and those of ``training``."""
    general = {name: flags[name] for name in GENERAL if name in flags}
    training = {name: flags[name] for name in TRAINING if name in flags}
    return general, training
