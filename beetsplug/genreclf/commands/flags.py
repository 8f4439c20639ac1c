"""The flags of the commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from beets import ui

from beetsplug.genreclf.compat import UserError

if TYPE_CHECKING:
    import optparse
    from collections.abc import Mapping

#: Flags that are not options of the configuration.
SWITCHES = ("update", "check", "all", "revert", "album", "listen_again", "write")
#: What the other modes understand besides the query.
FLAGS_OF_MODE = {
    "update": {"pretend", "quiet", "write", "move", "threads", "model", "album", "force"}
    | {"source", "count", "min_confidence", "min_margin", "keep_existing"},
    "check": {"pretend", "quiet", "threads", "model", "album", "listen_again", "all"}
    | {"min_confidence", "min_margin"},
    "revert": {"pretend", "quiet", "write", "move", "album"},
}


def add_switch(
    parser: optparse.OptionParser, *flags: str, to: str, value: bool = True, text: str
) -> None:
    """Add a flag that stands for a truth value; None means that it was not given."""
    action = "store_true" if value else "store_false"
    parser.add_option(*flags, dest=to, action=action, default=None, help=text)


def add_number(
    parser: optparse.OptionParser, *flags: str, kind: str = "int", text: str
) -> None:
    """Add a flag that takes a number; None means that it was not given."""
    parser.add_option(*flags, type=kind, default=None, help=text)


def make_genreclf_command() -> ui.Subcommand:
    """Return the command with all of its flags; every default is "not given"."""
    command = ui.Subcommand(
        "genreclf", help="tag tracks with the genre heard in them", aliases=("gclf",)
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"

    switch, number = partial(add_switch, parser), partial(add_number, parser)
    switch("-p", "--pretend", to="pretend", text="show the decisions, change nothing")
    switch("-q", "--quiet", to="quiet", text="print warnings only")
    switch("-f", "--force", to="force", text="decide again for tracks that have a genre")
    switch("-F", "--no-force", to="force", value=False, text="fill empty genres only")
    switch(
        "-k",
        "--keep-existing",
        to="keep_existing",
        text="with -f, add to the current genres",
    )
    switch("-K", "--no-keep-existing", to="keep_existing", value=False, text="replace it")
    parser.add_option("-s", "--source", help="who decides: track, album or both")
    number("-n", "--count", text="most genres per track")
    number("-c", "--min-confidence", kind="float", text="abstain below, 0 to 1")
    number("--min-margin", kind="float", text="abstain if the lead is smaller")
    switch("-a", "--albums", to="album", text="QUERY matches albums")
    switch("-A", "--items", to="album", value=False, text="QUERY matches tracks (default)")
    switch("--update", to="update", text="re-tag only what another model tagged")
    switch("--check", to="check", text="list doubtful genres, change nothing")
    switch("--all", to="all", text="with --check, also where the model would abstain")
    switch("--revert", to="revert", text="restore the genres from before genreclf")
    switch("--listen-again", to="listen_again", text="recall nothing, listen to all")
    switch("-w", "--write", to="write", text="write genres into files")
    switch("-W", "--nowrite", to="write", value=False, text="do not write them")
    switch("-m", "--move", to="move", text="move files whose path has a new genre")
    switch("-M", "--nomove", to="move", value=False, text="do not move files (default)")
    number("-t", "--threads", text="tracks listened to at a time")
    parser.add_option("--model", help="name of a model, or an .onnx file")
    return command


def make_models_command() -> ui.Subcommand:
    """Return the command with its flags."""
    command = ui.Subcommand("genreclf-models", help="list, show and choose genre models")
    command.parser.usage = (
        "%prog [[--use | --remove] MODEL | --export MODEL FILE | --import FILE [NAME]]"
    )

    def switch(flag: str, text: str) -> None:
        command.parser.add_option(flag, action="store_true", help=text)

    switch("--use", "tag with this model from now on")
    switch("--remove", "delete a model of your own")
    switch("--export", "copy a model to an .onnx file or into a folder")
    switch("--import", "check an .onnx file, and add it to your models")
    return command


def given_flags(opts: optparse.Values) -> dict[str, Any]:
    """Return the flags that were given, by name.

    Raises:
        UserError: if two of them contradict each other.
    """
    flags = {name: value for name, value in vars(opts).items() if value is not None}
    for mode, understood in FLAGS_OF_MODE.items():
        if mode in flags and (others := sorted(flags.keys() - understood - {mode})):
            named = ", ".join(_spelled(name, flags[name]) for name in others)
            raise UserError(f"genreclf: --{mode} does not go with {named}")
    if "all" in flags and "check" not in flags:
        raise UserError("genreclf: --all needs --check")
    return flags


def config_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags that are options of the configuration."""
    return {name: value for name, value in flags.items() if name not in SWITCHES}


def _spelled(name: str, value: object) -> str:
    no = {"force": "no-", "keep_existing": "no-", "write": "no", "move": "no"}
    return f"--{no.get(name, '') if value is False else ''}{name.replace('_', '-')}"
