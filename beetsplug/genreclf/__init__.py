"""Tags tracks with the genre that a neural network hears in them, offline."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from beets import ui
from beets.plugins import BeetsPlugin

from beetsplug.genreclf.compat import UserError
from beetsplug.genreclf.lazy_classifier import LazyClassifier, ModelUnavailableError
from beetsplug.genreclf.options import DEFAULTS, Options, read_options
from beetsplug.genreclf.provenance import ALBUM_TYPES, ITEM_TYPES

if TYPE_CHECKING:
    import optparse
    from collections.abc import Callable

    from beets.dbcore import types
    from beets.importer import ImportSession, ImportTask
    from beets.library import Library

    from beetsplug.genreclf.tagger import Tagger
    from beetsplug.genreclf.tags import Tally


class GenreClfPlugin(BeetsPlugin):
    """The command ``beet genreclf`` and the import stage.

    Nothing that is wrong with the configuration or the model may surface while the
    plugin is created: beets creates it for every command. The only events listened to
    are the two ends of an import, since storing an item within the stage would
    re-enter a listener on the events of items and files.
    """

    item_types: ClassVar[dict[str, types.Type[Any, Any]]] = ITEM_TYPES
    album_types: ClassVar[dict[str, types.Type[Any, Any]]] = ALBUM_TYPES

    def __init__(self) -> None:
        """Register defaults, stage and listeners; load nothing."""
        super().__init__(name="genreclf")
        self.config.add(DEFAULTS)
        self._classifier = LazyClassifier()
        self._import_options: Options | None = None
        self._import_tally: Tally | None = None
        self.import_stages = [self.tag_imported]
        self.register_listener("import_begin", self.begin_import)
        self.register_listener("import", self.end_import)

    def commands(self) -> list[ui.Subcommand]:
        """Return the one command."""
        command = ui.Subcommand(
            "genreclf",
            help="tag tracks with the genre heard in them",
            aliases=("gclf",),
        )
        command.parser.usage = "%prog [options] [QUERY]"
        for short, name, text in (
            ("-p", "pretend", "show the decisions, change nothing"),
            ("-f", "force", "decide anew for tracks that have a genre"),
            ("-q", "quiet", "print warnings only"),
            ("-w", "write", "write genres into files"),
        ):
            command.parser.add_option(
                short, f"--{name}", action="store_true", default=None, help=text
            )
        command.parser.add_option(
            "-W", "--nowrite", action="store_false", dest="write", help="do not write"
        )
        command.func = self.run_command
        return [command]

    def run_command(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        """Tag the tracks that a query matches."""
        flags = {name: getattr(opts, name) for name in ("pretend", "force", "quiet")}
        options = read_options(self.config, flags)
        tagger = self._tagger(
            lib,
            options,
            report=_keep_silent if options.quiet else ui.print_,
            write=ui.should_write(opts.write),
        )
        try:
            tally = tagger.tag(lib.items(args))
        except ModelUnavailableError as error:
            raise UserError(f"genreclf: {error}") from error
        if not options.quiet:
            prefix = "pretending: " if options.pretend else ""
            ui.print_(f"{prefix}{tally.summary()}")

    def begin_import(self, **_event: object) -> None:
        """Check the options before the import touches anything.

        The model is not loaded: this event comes for ``import --pretend`` as well, and
        for imports in which no track lacks a genre.
        """
        options = read_options(self.config)
        self._import_options = options if options.auto else None
        self._import_tally = None

    def tag_imported(self, session: ImportSession, task: ImportTask) -> None:
        """Tag the tracks of one import task, and return when they are stored.

        Genres go to the library. The importer itself writes them to the files after
        this stage, unless the tracks are imported as they are (``-A``): beets never
        writes to those, so their genres stand in the library only.
        """
        options = self._import_options
        if options is None:
            return
        tagger = self._tagger(
            session.lib,
            options,
            report=partial(self._log.info, "{}"),
            write=False,
            should_stop=_import_abort_poll(),
        )
        try:
            tally = tagger.tag(task.imported_items())
        except ModelUnavailableError as error:
            self._import_options = None
            self._log.warning("no genres in this import: {}", error)
            return
        tally.update(self._import_tally or {})
        self._import_tally = tally

    def end_import(self, **_event: object) -> None:
        """Log the summary of an import."""
        if self._import_tally is not None:
            self._log.info("{}", self._import_tally.summary())

    def _tagger(
        self,
        lib: Library,
        options: Options,
        *,
        report: Callable[[str], None],
        write: bool,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Tagger:
        # Imported here, because most commands tag nothing and should not wait for it.
        from beetsplug.genreclf.tagger import Tagger

        return Tagger(
            lib=lib,
            options=options,
            load_classifier=partial(self._classifier.load, options.model),
            plugin_log=self._log,
            report=report,
            write=write,
            should_stop=should_stop,
        )


def _import_abort_poll() -> Callable[[], bool]:
    """Return a function that says whether the import was aborted.

    On Ctrl-C beets sets a flag on the threads of its pipeline, then waits for them.
    """
    stage_thread = threading.current_thread()
    return lambda: getattr(stage_thread, "abort_flag", False)


def _keep_silent(_line: str) -> None:
    """Drop a line."""
