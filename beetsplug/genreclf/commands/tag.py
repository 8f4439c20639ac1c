"""``beet genreclf``: tags, checks or reverts tracks."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from beets import plugins, ui

from beetsplug.genreclf.commands import common
from beetsplug.genreclf.config.options import Options, read_options
from beetsplug.genreclf.models.loading import ModelUnavailableError
from beetsplug.genreclf.ui.reporter import TerminalReporter
from beetsplug.genreclf.ui.signals import stop_on_signals
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    import optparse
    from collections import deque
    from collections.abc import Callable, Iterator

    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.models.loading import LazyClassifier
    from beetsplug.genreclf.predict.predictor import Predictor
    from beetsplug.genreclf.storage.commit import TrackStorage
    from beetsplug.genreclf.storage.file_writer import FileWriter

#: Flags that are not options of the configuration.
SWITCHES = ("update", "check", "all", "revert", "albums", "listen_again", "write")
#: The flags that each mode understands.
FLAGS_OF_MODE = {
    "update": {"pretend", "quiet", "write", "move", "threads", "model", "albums", "force"}
    | {"source", "count", "min_confidence", "min_margin", "keep_existing"},
    "check": {"pretend", "quiet", "threads", "model", "albums", "listen_again", "all"}
    | {"min_confidence", "min_margin"},
    "revert": {"pretend", "quiet", "write", "move", "albums"},
}


def make_tag_command() -> ui.Subcommand:
    """Return the command with all of its flags."""
    command = ui.Subcommand(
        "genreclf", help="tag tracks with the genre heard in them", aliases=("gclf",)
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"
    switch, number = partial(common.add_switch, parser), partial(common.add_number, parser)
    switch("-p", "--pretend", text="show the decisions, change nothing")
    switch("-q", "--quiet", text="print warnings only")
    switch("-f", "--force", text="decide again for tracks that have a genre")
    switch("-F", "--no-force", off="--force", text="fill empty genres only")
    switch("-k", "--keep-existing", text="with -f, add to the current genres")
    switch("-K", "--no-keep-existing", off="--keep-existing", text="replace it")
    parser.add_option("-s", "--source", help="who decides: track, album or both")
    number("-n", "--count", text="most genres per track")
    number("-c", "--min-confidence", kind="float", text="abstain below, 0 to 1")
    number("--min-margin", kind="float", text="abstain if the lead is smaller")
    switch("-a", "--albums", text="QUERY matches albums")
    switch("-A", "--items", off="--albums", text="QUERY matches tracks (default)")
    switch("--update", text="re-tag only what another model tagged")
    switch("--check", text="list doubtful genres, change nothing")
    switch("--all", text="with --check, also where the model would abstain")
    switch("--revert", text="restore the genres from before genreclf")
    switch("--listen-again", text="recall nothing, listen to all")
    switch("-w", "--write", text="write genres into files")
    switch("-W", "--nowrite", off="--write", text="do not write them")
    switch("-m", "--move", text="move files whose path has a new genre")
    switch("-M", "--nomove", off="--move", text="do not move files (default)")
    number("-t", "--threads", text="tracks listened to at a time")
    parser.add_option("--model", help="name of a model, or an .onnx file")
    return command


def check_flags(flags: dict[str, Any]) -> None:
    """Refuse flags that contradict each other.

    Raises:
        UserError: naming them.
    """
    for mode, understood in FLAGS_OF_MODE.items():
        if mode in flags and (others := sorted(flags.keys() - understood - {mode})):
            named = ", ".join(_spelled(name, flags[name]) for name in others)
            raise user_error(f"genreclf: --{mode} does not go with {named}")
    if "all" in flags and "check" not in flags:
        raise user_error("genreclf: --all needs --check")


def config_flags(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the flags that are options of the configuration."""
    return {name: value for name, value in flags.items() if name not in SWITCHES}


def _spelled(name: str, value: object) -> str:
    no = {"force": "no-", "keep_existing": "no-", "write": "no", "move": "no"}
    return f"--{no.get(name, '') if value is False else ''}{name.replace('_', '-')}"


class Ending(NamedTuple):
    """The result of a pass: a line, failed tracks, and why it ended early."""

    summary: str
    n_failed: int
    failure: str | None = None


def run_tag_command(
    config: confuse.Subview,
    classifier: LazyClassifier,
    log: BeetsLogger,
    lib: Library,
    opts: optparse.Values,
    args: list[str],
) -> None:
    """Tag, check or revert the tracks that the query matches.

    Raises:
        UserError: if flags contradict each other, the model is not available, or tracks
            failed; beets then exits with status 1.
        confuse.ConfigError: naming the option.
        SystemExit: after Ctrl-C.
    """
    flags = common.given_flags(opts)
    check_flags(flags)
    config.set_args(config_flags(flags))
    options = read_options(config)
    if flags.get("keep_existing") and not options.policy.force and not flags.get("update"):
        raise user_error("genreclf: --keep-existing needs --force or --update")
    items = common.matching(lib, args, flags, log)
    if not items:
        return
    reporter = TerminalReporter(log, quiet=options.quiet)
    with stop_on_signals() as is_stopped:
        job = Job(lib, options, flags, classifier, reporter, is_stopped)
        try:
            ending = job.run(_drained(items))
        except ModelUnavailableError as error:
            raise user_error(f"genreclf: {error}") from error
        except KeyboardInterrupt:  # the second press
            raise SystemExit(common.INTERRUPTED) from None
        except sqlite3.OperationalError as error:  # a full disk, a locked file
            raise user_error(f"genreclf: {os.fsdecode(lib.path)}: {error}") from error
        finally:
            reporter.close()
        _conclude(lib, options, ending, job.writer, stopped=is_stopped())


@dataclass
class Job:
    """The modes of the command, and what they share."""

    lib: Library
    options: Options
    flags: dict[str, Any]
    classifier: LazyClassifier
    reporter: TerminalReporter
    is_stopped: Callable[[], bool]

    def __post_init__(self) -> None:
        """Make what every mode needs."""
        # Imported here, because most commands tag nothing and should not wait for it.
        from beetsplug.genreclf.policy.change import FileAccess
        from beetsplug.genreclf.storage.commit import TrackStorage
        from beetsplug.genreclf.storage.file_writer import FileWriter

        # Undoing writes wherever our genre is in the file, however it came there.
        by_default = True if "revert" in self.flags else None
        self.music_folder = Path(os.fsdecode(self.lib.directory))
        write = ui.should_write(self.flags.get("write", by_default))
        self.writer: FileWriter = FileWriter(
            self.reporter,
            self.music_folder,
            safe_write=self.options.safe_write,
            recovers=write and not (self.options.pretend or "check" in self.flags),
        )
        access = FileAccess.WRITE if write else FileAccess.READ
        if self.flags.get("write"):
            access = FileAccess.CATCH_UP
        self.storage: TrackStorage = TrackStorage(self.reporter, self.writer, access)

    def should_stop(self) -> bool:
        """Return whether the pass ends early: it was stopped, or no file can be written."""
        return self.is_stopped() or self.writer.is_blocked

    def run(self, items: Iterator[Item]) -> Ending:
        """Run the mode that the flags ask for."""
        if "check" in self.flags:
            return self._check(items)
        ending = self._revert(items) if "revert" in self.flags else self._tag(items)
        n_failed = self.storage.rewrite_lost_edits(self.lib)
        return ending._replace(n_failed=ending.n_failed + n_failed)

    def _tag(self, items: Iterator[Item]) -> Ending:
        from beetsplug.genreclf.tagging.plan import Selection
        from beetsplug.genreclf.tagging.tagger import Tagger

        selection = None
        if "update" in self.flags:
            forced = self.flags.get("force")
            selection = Selection.WRITTEN if forced else Selection.OUTDATED
        tagger = Tagger(
            lib=self.lib,
            options=self.options,
            predictor=self._predictor(),
            storage=self.storage,
            reporter=self.reporter,
            selection=selection,
        )
        tally = tagger.tag(items)
        stuck = self._move(tagger.retagged_ids, tagger.retagged_album_ids)
        failure = tagger.predictor.failure
        return Ending(tally.summary(), tally.failures() + stuck, failure)

    def _revert(self, items: Iterator[Item]) -> Ending:
        from beetsplug.genreclf.policy.policy import Outcome
        from beetsplug.genreclf.tagging.revert import Reverter

        reverter = Reverter(
            self.lib, self.storage, self.reporter, self.options.pretend, self.should_stop
        )
        tally = reverter.revert(items)
        stuck = self._move(reverter.retagged_ids, reverter.retagged_album_ids)
        return Ending(tally.summary((Outcome.REVERTED,)), tally.failures() + stuck)

    def _check(self, items: Iterator[Item]) -> Ending:
        from beetsplug.genreclf.evaluation.check import LabelCheck
        from beetsplug.genreclf.evaluation.evaluation import LabelledTracks
        from beetsplug.genreclf.models.out_of_fold import may_know, read_out_of_fold

        predictor = self._predictor()
        predictor.known = read_out_of_fold(self.lib, predictor.model_id)
        by_heart = may_know(predictor.training, len(predictor.known))
        if by_heart is not None:
            self.reporter.warning(f"{predictor.model_id} {by_heart}: it agrees with those")
        tracks = LabelledTracks(self.options, predictor, self.reporter)
        check = LabelCheck(tracks, shows_all="all" in self.flags)
        issues = check.check(items)
        self.reporter.close()
        for issue in issues:
            say(issue.line())
        return Ending(check.summary(), tracks.counts.unreadable, predictor.failure)

    def _predictor(self) -> Predictor:
        from beetsplug.genreclf.predict.predictor import Predictor

        return Predictor(
            partial(self.classifier.load, self.options),
            prepare=self.writer.prepare,
            threads=self.options.threads,
            listen_again="listen_again" in self.flags,
            should_stop=self.should_stop,
            music_folder=self.music_folder,
        )

    def _move(self, item_ids: list[int], album_ids: set[int]) -> int:
        if self.options.pretend or not self.options.move:
            return 0
        from beetsplug.genreclf.tagging.move import move_tracks

        return move_tracks(self.lib, item_ids, album_ids, self.reporter, self.is_stopped)


def _drained(items: deque[Item]) -> Iterator[Item]:
    """Yield items and let go of them: passes take hours."""
    while items:
        yield items.popleft()


def _conclude(
    lib: Library,
    options: Options,
    ending: Ending,
    writer: FileWriter,
    *,
    stopped: bool,
) -> None:
    """Print the summary; turn what went wrong into the exit status."""
    if not options.quiet:
        interrupted = "interrupted: " if stopped else ""
        pretending = "pretending: " if options.pretend else ""
        say(f"{interrupted}{pretending}{ending.summary}")
    if not (stopped or ending.n_failed or ending.failure):
        return
    # beets tells plugins of the end of successful commands only; smart playlists wait
    # for it, and what was tagged before a failure stays tagged.
    plugins.send("cli_exit", lib=lib)
    if stopped:
        raise SystemExit(common.INTERRUPTED)
    if writer.full_folder is not None:
        raise user_error(
            f"genreclf: the disk of {writer.full_folder} is full; make room, and run the "
            "command again: it goes on where it ended"
        )
    if writer.read_only_folder is not None:
        raise user_error(
            f"genreclf: {writer.read_only_folder} is read-only; to keep genres in the "
            "library only, run the command again with -W: what was heard is remembered"
        )
    if ending.failure is not None:
        raise user_error(f"genreclf: {ending.failure}")
    raise user_error(f"genreclf: {common.failed_tracks(ending.n_failed)}")
