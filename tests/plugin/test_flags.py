"""The flags: which there are, which contradict each other, and what beets says of it."""

from __future__ import annotations

import optparse
from typing import TYPE_CHECKING, Any

import pytest

from beetsplug.genreclf.commands.common import given_flags
from beetsplug.genreclf.commands.tag import (
    FLAGS_OF_MODE,
    SWITCHES,
    check_flags,
    config_flags,
    make_tag_command,
)
from beetsplug.genreclf.compat import UserError
from beetsplug.genreclf.config.options import DEFAULTS

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

#: All but --help, which leads nowhere.
FLAGS = [flag for flag in make_tag_command().parser.option_list if flag.dest]


def checked(line: str) -> dict[str, Any]:
    """Return the flags of a line, or raise the error that they contradict each other."""
    flags = given_flags(parsed(line))
    check_flags(flags)
    return flags


def parsed(line: str) -> optparse.Values:
    opts, _ = make_tag_command().parser.parse_args(line.split())
    return opts


def spelled(flag: optparse.Option) -> str:
    """Write a flag as a person does."""
    value = {"int": " 2", "float": " 0.5", "string": " x"}
    return f"{flag.get_opt_string()}{value[flag.type] if flag.type else ''}"


def ids(flag: object) -> str:
    return flag.get_opt_string() if isinstance(flag, optparse.Option) else str(flag)


#: what is typed -> what is said
CONTRADICTIONS = {
    "--check --force": "--check does not go with --force",
    "--check --no-force": "--check does not go with --no-force",
    "--check --no-keep-existing": "--check does not go with --no-keep-existing",
    "--check --write": "--check does not go with --write",
    "--check --nowrite": "--check does not go with --nowrite",
    "--check --nomove": "--check does not go with --nomove",
    "--check --source album": "--check does not go with --source",
    "--check -fn 2": "--check does not go with --count, --force",
    "--update --listen-again": "--update does not go with --listen-again",
    "--revert --count 2": "--revert does not go with --count",
    "--revert -c 0": "--revert does not go with --min-confidence",
    "--revert --min-margin 0.1": "--revert does not go with --min-margin",
    "--revert -k": "--revert does not go with --keep-existing",
    "--revert --model x": "--revert does not go with --model",
    "--revert -t 2": "--revert does not go with --threads",
    # Of two modes, in whichever order, one is named first.
    "--check --update": "--update does not go with --check",
    "--update --check": "--update does not go with --check",
    "--check --revert": "--check does not go with --revert",
    "--revert --update": "--update does not go with --revert",
    "--update --check --revert": "--update does not go with --check, --revert",
}

#: what is typed -> what the command is told
GOOD = {
    "": {},
    "-f": {"force": True},
    "-F": {"force": False},
    "-F -f": {"force": True},
    "-fk": {"force": True, "keep_existing": True},
    "-fK": {"force": True, "keep_existing": False},
    "-pq": {"pretend": True, "quiet": True},
    "-n 3 -c 0.4 --min-margin 0": {"count": 3, "min_confidence": 0.4, "min_margin": 0.0},
    "-s both -t 2 --model mine": {"source": "both", "threads": 2, "model": "mine"},
    "-a": {"albums": True},
    "-A": {"albums": False},
    "-wm": {"write": True, "move": True},
    "-WM": {"write": False, "move": False},
    "--update -k -n 2 -s album": {
        "update": True,
        "keep_existing": True,
        "count": 2,
        "source": "album",
    },
    "--update -pwm": {"update": True, "pretend": True, "write": True, "move": True},
    "--check -a --listen-again": {"check": True, "albums": True, "listen_again": True},
    "--check -q -t 2 --model x": {"check": True, "quiet": True, "threads": 2, "model": "x"},
    "--revert -apqWM": {
        "revert": True,
        "albums": True,
        "pretend": True,
        "quiet": True,
        "write": False,
        "move": False,
    },
    "--listen-again -f": {"listen_again": True, "force": True},
}


@pytest.mark.parametrize(("line", "expected"), GOOD.items(), ids=GOOD)
def test_what_was_given(line: str, expected: dict[str, Any]) -> None:
    assert checked(line) == expected


@pytest.mark.parametrize(("line", "said"), CONTRADICTIONS.items(), ids=CONTRADICTIONS)
def test_contradiction(line: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        checked(line)

    assert str(caught.value) == f"genreclf: {said}"


@pytest.mark.parametrize("mode", FLAGS_OF_MODE)
@pytest.mark.parametrize("flag", FLAGS, ids=ids)
def test_each_mode_takes_a_flag_or_names_it(mode: str, flag: optparse.Option) -> None:
    line = f"--{mode} {spelled(flag)}"

    if flag.dest in {mode, *FLAGS_OF_MODE[mode]}:
        assert {mode, flag.dest} == checked(line).keys()
    else:
        with pytest.raises(UserError) as caught:
            checked(line)
        named = {word for word in str(caught.value).split() if word.startswith("--")}
        # Of two modes, the other may be the one that complains.
        assert f"--{mode}" in named
        assert named & set(flag._long_opts)


def test_every_flag_is_an_option_or_a_switch() -> None:
    assert {flag.dest for flag in FLAGS} - set(DEFAULTS) == set(SWITCHES)


@pytest.mark.parametrize("mode", FLAGS_OF_MODE)
def test_what_a_mode_understands_are_flags(mode: str) -> None:
    assert {mode, *FLAGS_OF_MODE[mode]} <= {flag.dest for flag in FLAGS}


def test_switches_are_not_laid_over_the_configuration() -> None:
    flags = checked("--update -a -w -n 2 -p")

    # beets would take them for options, and options that there are not are mistakes.
    assert config_flags(flags) == {"count": 2, "pretend": True}


#: what is typed after `beet genreclf` -> what is said instead of anything else
ERRORS = {
    "-k": "error: genreclf: --keep-existing needs --force or --update",
    "-k -F": "error: genreclf: --keep-existing needs --force or --update",
    "--check -f": "error: genreclf: --check does not go with --force",
    "-n 0": "configuration error: genreclf.count: must be 1 or more, not 0",
    "-c 2": (
        "configuration error: genreclf.min_confidence: must be between 0 and 1, not 2.0"
    ),
    "--min-margin=-1": (
        "configuration error: genreclf.min_margin: must be between 0 and 1, not -1.0"
    ),
    "-s artist": (
        "configuration error: genreclf.source: must be track, album or both, not 'artist'"
    ),
    "-t 0": "configuration error: genreclf.threads: must be 1 or more, not 0",
}

#: what is typed -> what is said of it; a nightly job that finds no work has not failed
NOTHING_TO_DO = {
    "nosuch": "genreclf: no track matches nosuch",
    "nosuch title:Song": "genreclf: no track matches nosuch title:Song",
    "-a nosuch": "genreclf: no album matches nosuch",
    # There are tracks, though none of an album.
    "-a": "genreclf: the library has no album",
    "--check nosuch": "genreclf: no track matches nosuch",
    "--revert nosuch": "genreclf: no track matches nosuch",
}


@pytest.mark.parametrize(
    ("line", "said", "exit_code"),
    [
        *((line, said, 1) for line, said in ERRORS.items()),
        *((line, said, 0) for line, said in NOTHING_TO_DO.items()),
    ],
)
def test_one_line_and_nothing_else_happens(
    home: BeetsHome, classifier: ScriptedClassifier, line: str, said: str, exit_code: int
) -> None:
    home.add_track("Song")
    before = home.dump()

    printed = home.beet("genreclf", *line.split())

    assert (printed.out, printed.err, printed.exit_code) == ("", f"{said}\n", exit_code)
    assert home.dump() == before
    assert not classifier.heard


@pytest.mark.parametrize("mode", ["", "--update", "--check", "--revert"])
def test_empty_library(home: BeetsHome, classifier: ScriptedClassifier, mode: str) -> None:
    printed = home.beet("genreclf", *mode.split())

    assert printed.err == "genreclf: the library is empty\n"
    assert printed.exit_code == 0
    assert not classifier.heard


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--min-margin x", "option --min-margin: invalid floating-point value: 'x'"),
        ("-n 2.5", "option -n: invalid integer value: '2.5'"),
        ("--forse", "no such option: --forse"),
    ],
)
def test_what_is_no_number_or_no_flag(
    home: BeetsHome, classifier: ScriptedClassifier, line: str, said: str
) -> None:
    home.add_track("Song")

    printed = home.beet("genreclf", *line.split())

    assert printed.err.splitlines()[-1].endswith(f"error: {said}")
    assert printed.exit_code == 2  # as of every command with a wrong flag
    assert not classifier.heard


def test_every_flag_is_taken_by_beets(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("Song", genres=["Pop"])

    printed = home.beet(
        "genreclf",
        *("-p", "-f", "-k", "-s", "both", "-n", "2", "-c", "0.5", "--min-margin", "0.1"),
        *("-A", "-w", "-m", "-t", "1", "--listen-again"),
        "title:Song",
    )

    assert printed.lines[0] == "Ann - Song: Rock 0.83 (kept: Pop)"
    assert (printed.err, printed.exit_code) == ("", 0)
    assert len(classifier.heard) == 1


def test_flags_undo_the_configuration(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.configure(force=True, keep_existing=True, count=2, pretend=True)
    home.add_track("Song", genres=["Pop"])

    replaced = home.beet("genreclf", "-K", "-n", "1")
    filled = home.beet("genreclf", "-F")

    assert replaced.lines[0] == "Ann - Song: Rock 0.83 (was: Pop)"
    assert "1 already had a genre" in filled.lines[-1]
    assert len(classifier.heard) == 1


def test_keeping_needs_no_flag_where_force_is_configured(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.configure(force=True, count=2)
    home.add_track("Song", genres=["Pop"])

    printed = home.beet("genreclf", "-k")

    assert printed.exit_code == 0
    assert home.item("Song").genres == ["Pop", "Rock"]
    assert len(classifier.heard) == 1
