"""Runs ``beet genreclf``."""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from beets import plugins, ui

from beetsplug.genreclf.commands.flags import config_flags, given_flags
from beetsplug.genreclf.config.options import Options, read_options
from beetsplug.genreclf.models.loading import ModelUnavailableError
from beetsplug.genreclf.ui.reporter import LogReporter, TerminalReporter
from beetsplug.genreclf.ui.signals import stop_on_signals
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    import optparse
    from collections.abc import Callable, Iterator

    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.models.lazy_classifier import LazyClassifier
    from beetsplug.genreclf.predict.predictor import Predictor
    from beetsplug.genreclf.storage.commit import TrackStorage
    from beetsplug.genreclf.storage.file_writer import FileWriter

INTERRUPTED = 130


class Ending(NamedTuple):
    """What a pass came to.

    Attributes:
        summary: a line for people.
        n_failed: tracks.
        failure: why it ended early; None if it did not.
    """

    summary: str
    n_failed: int
    failure: str | None = None


@dataclass
class Command:
    """One run of ``beet genreclf``.

    Attributes:
        config: the ``genreclf`` section.
        classifier: loaded when the first track needs it.
        log: of the plugin.
    """

    config: confuse.Subview
    classifier: LazyClassifier
    log: BeetsLogger

    def run(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        """Do what the flags say with the tracks that the query matches.

        Raises:
            UserError: if flags contradict each other, the model is not available, or
                tracks failed; beets then exits with status 1.
            confuse.ConfigError: naming the option.
        """
        flags = given_flags(opts)
        self.config.set_args(config_flags(flags))
        options = read_options(self.config)
        _check_keep_existing(flags, options)
        albums = bool(flags.get("album"))
        items = matching(lib, args, albums=albums)
        if not items:
            LogReporter(self.log).warning(nothing_matches(args, albums=albums))
            return
        with stop_on_signals() as is_stopped:
            job = Job(self, lib, options, flags, is_stopped)
            try:
                ending = job.run(_drained(items))
            except ModelUnavailableError as error:
                raise user_error(f"genreclf: {error}") from error
            except KeyboardInterrupt:  # the second press
                raise SystemExit(INTERRUPTED) from None
            except sqlite3.OperationalError as error:  # a full disk, a locked file
                where = os.fsdecode(lib.path)
                raise user_error(f"genreclf: {where}: {error}") from error
            finally:
                job.reporter.close()
            _conclude(lib, options, ending, job.writer, stopped=is_stopped())


@dataclass
class Job:
    """The modes of the command, and what they share."""

    command: Command
    lib: Library
    options: Options
    flags: dict[str, Any]
    is_stopped: Callable[[], bool]

    def __post_init__(self) -> None:
        """Make what every mode needs."""
        # Imported here, because most commands tag nothing and should not wait for it.
        from beetsplug.genreclf.policy.change import FileAccess
        from beetsplug.genreclf.storage.commit import TrackStorage
        from beetsplug.genreclf.storage.file_writer import FileWriter

        self.reporter = TerminalReporter(self.command.log, quiet=self.options.quiet)
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
        from beetsplug.genreclf.models.out_of_fold import may_know, read_out_of_fold
        from beetsplug.genreclf.tagging.check import Audit

        predictor = self._predictor()
        predictor.known = read_out_of_fold(self.lib, predictor.model_id)
        by_heart = may_know(predictor.training, len(predictor.known))
        if by_heart is not None:
            self.reporter.warning(f"{predictor.model_id} {by_heart}: it agrees with those")
        audit = Audit(self.options, predictor, self.reporter, shows_all="all" in self.flags)
        doubts = audit.check(items)
        self.reporter.close()
        for doubt in doubts:
            say(doubt.line())
        return Ending(audit.summary(), audit.counts.unreadable, predictor.failure)

    def _predictor(self) -> Predictor:
        from beetsplug.genreclf.predict.predictor import Predictor

        return Predictor(
            partial(self.command.classifier.load, self.options),
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


def matching(lib: Library, args: list[str], *, albums: bool) -> deque[Item]:
    """Return the tracks that a query matches, or those of the albums that it matches."""
    if albums:
        return deque(item for album in lib.albums(args) for item in album.items())
    return deque(lib.items(args))


def nothing_matches(args: list[str], *, albums: bool) -> str:
    """Say that a query matches nothing."""
    kind = "album" if albums else "track"
    nothing = "the library has no album" if albums else "the library is empty"
    return f"no {kind} matches {' '.join(args)}" if args else nothing


def _drained(items: deque[Item]) -> Iterator[Item]:
    """Yield items and let go of them: passes take hours."""
    while items:
        yield items.popleft()


def _check_keep_existing(flags: dict[str, Any], options: Options) -> None:
    if flags.get("keep_existing") and not options.policy.force and not flags.get("update"):
        raise user_error("genreclf: --keep-existing needs --force or --update")


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
        words = ["interrupted: "] * stopped + ["pretending: "] * options.pretend
        say("".join(words) + ending.summary)
    if not (stopped or ending.n_failed or ending.failure):
        return
    # beets tells plugins of the end of successful commands only; smart playlists wait
    # for it, and what was tagged before a failure stays tagged.
    plugins.send("cli_exit", lib=lib)
    if stopped:
        raise SystemExit(INTERRUPTED)
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
    failed = "1 track" if ending.n_failed == 1 else f"{ending.n_failed} tracks"
    raise user_error(f"genreclf: {failed} failed; the warnings say why")
