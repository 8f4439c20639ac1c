"""Tagging within an import: one line at the end, no exception, no lost time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING

import beets

from beetsplug.genreclf.models.loading import ModelUnavailableError
from beetsplug.genreclf.policy import provenance
from beetsplug.genreclf.policy.change import FileAccess
from beetsplug.genreclf.policy.track_state import TrackState
from beetsplug.genreclf.ui.reporter import LogReporter
from beetsplug.genreclf.ui.signals import import_abort_poll
from beetsplug.genreclf.ui.text import say

if TYPE_CHECKING:
    from beets.importer import ImportSession, ImportTask
    from beets.library import Item
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.config.options import Options
    from beetsplug.genreclf.models.loading import LazyClassifier
    from beetsplug.genreclf.policy.policy import Tally
    from beetsplug.genreclf.storage.file_writer import FileWriter


@dataclass
class ImportTagging:
    """What the plugin does between the two ends of one import.

    Attributes:
        classifier: loaded when the first track needs it.
        log: of the plugin.
        options: read before the import touched anything.
    """

    classifier: LazyClassifier
    log: BeetsLogger
    options: Options
    _tally: Tally | None = field(default=None, init=False)
    _is_off: bool = field(default=False, init=False)
    _in_step: set[int | None] = field(default_factory=set, init=False)
    #: Files that were not written because the disk was full again and again.
    _n_unwritten: int = field(default=0, init=False)

    def tag(self, session: ImportSession, task: ImportTask) -> None:
        """Tag the tracks of one task, and return when they are stored.

        Genres go to the library. The importer itself writes them to the files after
        this, unless the tracks are imported as they are.
        """
        if self._is_off or (is_as_is(task) and self.options.asis == "skip"):
            return
        try:
            tally, failure = self._tag(session, task)
        except ModelUnavailableError as error:
            self._is_off = True
            LogReporter(self.log).warning(f"no genres in this import: {error}")
            return
        if failure is not None:
            self._is_off = True
            LogReporter(self.log).warning(f"no more genres in this import: {failure}")
        tally.update(self._tally or {})
        self._tally = tally

    def settle_files(self, task: ImportTask) -> None:
        """Note that beets wrote the genres, or write the files that it does not write.

        To be called when the files are where they will stay: until then they are the
        user's own, which an import by copying never changes.
        """
        if self.options.pretend:
            return
        from beetsplug.genreclf.storage.file_tags import note_mtime

        for item in filter(provenance.track_is_by_plugin, task.imported_items()):
            if is_written(task):
                TrackState.of(item).note_written().apply_to(item)
                item.store()
                continue
            if self._may_write() and is_as_is(task):
                self._catch_up(item)
            if item.id in self._in_step:
                # Or `beet update` would read the file's genre back, and spread it.
                note_mtime(item)
                item.store()

    def end(self) -> None:
        """Print the summary, unless the import is quiet."""
        if self._n_unwritten:
            LogReporter(self.log).warning(
                f"the disk of {self._writer.full_folder} is full: {self._n_unwritten} more "
                "tracks have their genre in the library only; make room, then `beet write`"
            )
        is_quiet = self.options.quiet or beets.config["import"]["quiet"].get(bool)
        if self._tally is not None and not is_quiet:
            say(f"genreclf: {self._tally.summary()}")

    def _tag(self, session: ImportSession, task: ImportTask) -> tuple[Tally, str | None]:
        """Return the outcomes, and why listening ended early."""
        # Imported here, because an import in which nothing lacks a genre need not wait.
        from beetsplug.genreclf.predict.predictor import Predictor
        from beetsplug.genreclf.storage.commit import TrackStorage
        from beetsplug.genreclf.storage.file_tags import beet_update_is_noop
        from beetsplug.genreclf.storage.file_writer import FileWriter
        from beetsplug.genreclf.tagging.tagger import Tagger

        items = task.imported_items()
        self._in_step.update(item.id for item in items if beet_update_is_noop(item))
        reporter = LogReporter(self.log)
        tagger = Tagger(
            lib=session.lib,
            options=self.options,
            predictor=Predictor(
                partial(self.classifier.load, self.options),
                threads=self.options.threads,
                should_stop=import_abort_poll(),
            ),
            storage=TrackStorage(
                reporter,
                # Until they are where they will stay, files are the user's own.
                FileWriter(reporter, recovers=False),
                FileAccess.NONE if is_written(task) else FileAccess.READ,
            ),
            reporter=reporter,
        )
        return tagger.tag(items), tagger.predictor.failure

    @cached_property
    def _writer(self) -> FileWriter:
        """One for the whole import: it cleans up each folder once."""
        from beetsplug.genreclf.storage.file_writer import FileWriter

        reporter = LogReporter(self.log)
        return FileWriter(reporter, safe_write=self.options.safe_write)

    def _may_write(self) -> bool:
        """Return True if the files may be written; links lead to the user's own."""
        view = beets.config["import"]
        links = view["link"].get(bool) or view["hardlink"].get(bool)
        return self.options.asis == "write" and view["write"].get(bool) and not links

    def _catch_up(self, item: Item) -> None:
        """Write the genre of a track, and no other tag."""
        from beetsplug.genreclf.storage.commit import TrackStorage

        writer = self._writer
        if writer.is_full(item):  # a warning for each file would be thousands
            self._n_unwritten += 1
            return
        storage = TrackStorage(writer.reporter, writer, FileAccess.CATCH_UP)
        storage.catch_up(item, otherwise="genre in the library only")


def adopt_album(task: ImportTask) -> None:
    """Claim the album of a re-import if its genre comes from a tagged track."""
    if task.is_album and provenance.adopt_album(task.album, task.imported_items()[0]):
        # Inheriting would put the album's genre on every track.
        task.album.store(inherit=False)


def is_written(task: ImportTask) -> bool:
    """Return True if beets will write all tags into the files of a task."""
    return not is_as_is(task) and beets.config["import"]["write"].get(bool)


def is_as_is(task: ImportTask) -> bool:
    """Return True if beets will not write tags into the files of a task."""
    # By name, because beets moves this enumeration from module to module.
    choice = getattr(task.choice_flag, "name", "")
    return not (task.apply or choice == "RETAG")
