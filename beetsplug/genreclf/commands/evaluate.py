"""``beet genreclf-eval``: scores a model on the genres of the library."""

from __future__ import annotations

import os
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beets import ui

from beetsplug.genreclf.commands import common
from beetsplug.genreclf.config.options import read_options
from beetsplug.genreclf.models.loading import ModelUnavailableError
from beetsplug.genreclf.ui.reporter import TerminalReporter
from beetsplug.genreclf.ui.signals import stop_on_signals
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    import optparse

    import confuse
    from beets.library import Library
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.compat import UserError
    from beetsplug.genreclf.config.options import Options
    from beetsplug.genreclf.evaluation.evaluation import Evaluation
    from beetsplug.genreclf.models.loading import LazyClassifier
    from genre_model import IsolatedClassifier

#: Flags that are options of the section ``genreclf``, and those of ``training``.
GENERAL = ("quiet", "threads", "model")
TRAINING = ("label_field", "labels")
#: Disagreements that are listed.
DEFAULT_NUMBER = 20


def make_eval_command() -> ui.Subcommand:
    """Return the command with all of its flags."""
    command = ui.Subcommand(
        "genreclf-eval", help="measure a genre model against the genres of your library"
    )
    parser = command.parser
    parser.usage = "%prog [options] [QUERY]"
    switch, number = partial(common.add_switch, parser), partial(common.add_number, parser)
    switch("-q", "--quiet", text="print warnings and the headline only")
    switch("-a", "--albums", text="QUERY matches albums")
    number("-t", "--threads", text="tracks listened to at a time")
    parser.add_option("--model", help="name of a model, or an .onnx file")
    parser.add_option("--label-field", help="where labels stand (default: genres)")
    parser.add_option("--labels", help="first or all genres of a track (default: first)")
    switch("--listen-again", text="recall nothing, listen to all")
    number("-n", "--number", text=f"disagreements to list (default: {DEFAULT_NUMBER})")
    return command


def run_eval_command(
    config: confuse.Subview,
    classifier: LazyClassifier,
    log: BeetsLogger,
    lib: Library,
    opts: optparse.Values,
    args: list[str],
) -> None:
    """Score a model on the tracks that the query matches.

    Raises:
        UserError: if the model is not available, no track is left, or tracks failed.
        confuse.ConfigError: naming the option.
        SystemExit: after Ctrl-C.
    """
    from beetsplug.genreclf.evaluation.evaluation import LabelledTracks, evaluate
    from beetsplug.genreclf.models.out_of_fold import read_out_of_fold
    from beetsplug.genreclf.predict.predictor import Predictor

    flags = common.given_flags(opts)
    n_issues = flags.get("number", DEFAULT_NUMBER)
    if n_issues < 0:
        raise _error(f"--number must be 0 or more, not {n_issues}")
    options = _options(config, flags)
    items = common.matching(lib, args, flags, log)
    if not items:
        return
    reporter = TerminalReporter(log, quiet=options.quiet)
    with stop_on_signals() as is_stopped, closing(reporter):
        try:
            model = classifier.load(options)
            predictor = Predictor(
                lambda: model,
                threads=options.threads,
                listen_again="listen_again" in flags,
                should_stop=is_stopped,
                music_folder=Path(os.fsdecode(lib.directory)),
                known=read_out_of_fold(lib, model.model_id),
            )
            evaluation = evaluate(items, LabelledTracks(options, predictor, reporter))
        except ModelUnavailableError as error:
            raise _error(str(error)) from error
        except KeyboardInterrupt:  # the second press
            raise SystemExit(common.INTERRUPTED) from None
    if is_stopped():
        say(f"interrupted: heard {evaluation.n_done} of {evaluation.n_asked} tracks")
    if evaluation.answers:
        _print(model, evaluation, options, n_issues)
    _conclude(evaluation, predictor.failure, stopped=is_stopped())


def _options(config: confuse.Subview, flags: dict[str, Any]) -> Options:
    config.set_args({name: flags[name] for name in GENERAL if name in flags})
    config["training"].set({name: flags[name] for name in TRAINING if name in flags})
    return read_options(config)


def _print(
    model: IsolatedClassifier, evaluation: Evaluation, options: Options, n_issues: int
) -> None:
    from beetsplug.genreclf.evaluation import report

    leaks = list(evaluation.leaks(model))
    lines = report.headline(model.model_id, evaluation.scores, leaks)
    say("\n".join(lines))
    if options.quiet:
        return
    if evaluation.scores.multi_label and options.training.labels == "first":
        say("  only the first genre of each track counts; --labels all counts all")
    say("\n".join(report.details(evaluation, n_issues)))


def _conclude(evaluation: Evaluation, failure: str | None, *, stopped: bool) -> None:
    """Turn what went wrong into the exit status."""
    if stopped:
        raise SystemExit(common.INTERRUPTED)
    if failure is not None:
        raise _error(failure)
    if not evaluation.answers:
        raise _error(f"nothing to evaluate: {'; '.join(evaluation.left_out())}")
    if n_failed := evaluation.tracks.counts.unreadable:
        raise _error(common.failed_tracks(n_failed))


def _error(text: str) -> UserError:
    return user_error(f"genreclf-eval: {text}")
