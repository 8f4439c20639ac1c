"""Reproducing the papers: which rows there are, and that none is computed twice."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from feature_tables import kaggle_lines, make_table, write_lines
from gtzan_folder import write_pictures

from genre_model.cli.main import main
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.papers import reproduce as loop
from genre_model.papers.checks import CHECKS
from genre_model.papers.network_rows import trainings_of_row
from genre_model.papers.outcome import Measurement, Outcome, measurements_of
from genre_model.papers.reproduce import reproduce
from genre_model.papers.reproduction import Reproduction
from genre_model.papers.row_text import (
    QUICK_WARNING,
    page_of,
    plot_page_of,
    text_of_row,
    value_text,
)
from genre_model.papers.rows import (
    Row,
    System,
    all_rows,
    build_row,
    chosen_rows,
)
from genre_model.papers.table_rows import table_outcome
from genre_model.training.evaluation.predictions import Predictions
from genre_model.training.fit.experiment import run_training

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from genre_model.training.fit.experiment import Training
    from genre_model.training.recipe import Recipe

IDS = [
    f"{letter}{number}"
    for letter, n_rows in (("Z", 15), ("A", 11), ("B", 12), ("C", 15), ("D", 6))
    for number in range(1, n_rows + 1)
]
#: Makes the two-block CNN one that is trained and exported within two seconds.
TINY = ("network_options.filters=[2, 2]", "network_options.dense=4")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of 15 tracks of each genre, and the feature table of all."""
    root = write_pictures(tmp_path_factory.mktemp("gtzan"), range(15))
    write_lines(root / "features_30_sec.csv", kaggle_lines(make_table(100)))
    return root


def reproduction(folder: Path, out: Path) -> Reproduction:
    return Reproduction(folder, out, quick=True, changes=TINY)


class TestRows:
    def test_every_requirement_has_a_row(self) -> None:
        assert [row.id for row in all_rows()] == IDS

    def test_what_is_checked_has_a_function_and_what_is_absent_a_reason(self) -> None:
        assert set(CHECKS) == {row.id for row in all_rows() if row.kind == "check"}
        notes = {row.id: len(row.note) for row in all_rows() if row.kind == "absent"}
        assert list(notes) == ["Z14", "A10", "B11"]
        assert min(notes.values()) > 20

    @pytest.mark.parametrize("row", all_rows(), ids=lambda row: row.id)
    def test_rows_ask_for_what_there_is(self, row: Row) -> None:
        assert row.title
        assert bool(row.systems) == (row.kind in ("networks", "tables"))
        assert all(system.protocols or row.protocols for system in row.systems)
        assert all(system.recipe for system in row.systems if row.kind == "networks")
        assert all(system.system for system in row.systems if row.kind == "tables")
        assert {"networks"} >= {one.kind for one in row.needed_rows}

    def test_a_budget_leaves_alone_what_a_system_is_about(self) -> None:
        for system in (system for row in all_rows() for system in row.systems):
            named = [
                {change.partition("=")[0] for change in changes}
                for changes in (system.set, system.budget)
            ]
            assert not named[0] & named[1], system

    def test_an_unknown_budget_is_refused(self) -> None:
        row = {"id": "X1", "system": [{"budget": "long"}]}
        with pytest.raises(RecipeError, match="budget 'long' is unknown; known: short"):
            build_row(row, "a paper", {"short": ["training.epochs=1"]})

    @pytest.mark.parametrize("quick", [False, True])
    def test_equal_settings_are_one_recipe_with_one_name(
        self, folder: Path, tmp_path: Path, quick: bool
    ) -> None:
        plain = Reproduction(folder, tmp_path, quick=quick)
        found: dict[Path, Recipe] = {}
        for row in all_rows():
            if row.kind == "networks":
                for training in trainings_of_row(row, plain):
                    recipe = training.experiment.recipe
                    path = training.run_folder.path
                    assert found.setdefault(path, recipe) == recipe
        assert len({str(path) for path in found}) == len(found) > 50

    def test_a_letter_stands_for_its_paper(self) -> None:
        assert [row.id for row in chosen_rows(["d", "Z2"])] == ["Z2", *IDS[-6:]]
        assert len(chosen_rows([])) == len(IDS)

    @pytest.mark.parametrize("name", ["C99", "E", "", "Z22"])
    def test_unknown_rows_are_refused(self, name: str) -> None:
        with pytest.raises(RecipeError, match="--list shows what there is"):
            chosen_rows([name])


class TestLoop:
    def run(
        self, ids: list[str], tools: Reproduction, n_processes: int = 1
    ) -> dict[str, Outcome]:
        done = reproduce(chosen_rows(ids), tools, n_processes)
        return {row.id: outcome for row, outcome in done}

    def test_a_finished_row_is_not_run_again(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tools = reproduction(folder, tmp_path)
        first = self.run(["Z4"], tools)["Z4"]
        assert [(one.name, one.protocol) for one in first.measurements] == [
            (f"learning rate {rate}", protocol)
            for rate in ("1e-4", "1e-3")
            for protocol in ("fault-filtered", "stratified-80-20")
        ]
        assert first.findings[0].startswith(
            "A = learning rate 1e-3, B = learning rate 1e-4"
        )
        assert json.loads((tmp_path / "rows" / "Z4.json").read_text())["id"] == "Z4"

        def nothing(jobs: Sequence[Training], *_: object) -> None:
            assert all(job.run_folder.is_complete for job in jobs)

        monkeypatch.setattr(loop, "run_jobs", nothing)
        monkeypatch.setattr(loop, "network_outcome", lambda *_: pytest.fail("again"))
        assert self.run(["Z4"], tools)["Z4"] == first
        monkeypatch.undo()
        (tmp_path / "rows" / "Z4.json").write_text("{")
        monkeypatch.setattr(loop, "run_jobs", nothing)
        again = self.run(["Z4"], tools)["Z4"]
        assert again.measurements == first.measurements, "trainings were kept"

    def test_other_settings_are_another_row(self, folder: Path, tmp_path: Path) -> None:
        tools = reproduction(folder, tmp_path)
        self.run(["A1"], tools)
        path = tmp_path / "rows" / "A1.json"
        before = path.read_bytes()
        self.run(["A1"], Reproduction(folder, tmp_path, quick=True, seeds=2))
        assert path.read_bytes() != before

    def test_other_data_are_another_row_and_no_old_run_serves(
        self, folder: Path, tmp_path: Path
    ) -> None:
        tools = reproduction(folder, tmp_path / "out")
        assert not self.run(["Z4"], tools)["Z4"].absent
        fewer = write_pictures(tmp_path / "gtzan", range(9, 13))
        other = self.run(["Z4"], reproduction(fewer, tmp_path / "out"))["Z4"]
        assert "holds a run with other settings or tracks" in other.absent

    def test_a_failed_training_costs_its_rows_alone(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(training: Training) -> None:
            if "learning_rate" in training.name:
                raise TrainingDataError("no more memory")
            run_training(training)

        monkeypatch.setattr("genre_model.training.fit.experiment.run_training", fail)
        outcomes = self.run(["Z4", "Z15"], reproduction(folder, tmp_path))
        assert "no more memory" in outcomes["Z4"].absent
        assert outcomes["Z15"].measurements

    def test_what_cannot_be_had_is_absent_and_stops_nothing(self, tmp_path: Path) -> None:
        folder = write_pictures(tmp_path / "gtzan", range(2))
        tools = Reproduction(folder, tmp_path / "out", quick=True)
        outcomes = self.run(["A2", "B2"], tools)
        assert "no features_30_sec.csv" in outcomes["A2"].absent
        assert outcomes["B2"].measurements
        assert not (tmp_path / "out" / "rows" / "A2.json").exists(), "it is tried again"

    def test_rows_are_scored_in_several_processes(
        self, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        outcomes: list[dict[str, Outcome]] = []
        for n_processes in (1, 2):
            tools = reproduction(folder, tmp_path / str(n_processes))
            outcomes.append(self.run(["Z4", "Z15"], tools, n_processes))
            # Only here: other processes know nothing of it.
            monkeypatch.setattr(loop, "_compute", lambda *_: pytest.fail("here"))
        for name in ("Z4", "Z15"):
            assert (tmp_path / "2" / "rows" / f"{name}.json").exists()
            here, there = (
                [replace(one, seconds=None) for one in outcome[name].measurements]
                for outcome in outcomes
            )
            assert here == there

    @pytest.mark.parametrize("n_processes", [1, 2])
    def test_a_row_that_ran_in_part_is_tried_again(
        self, n_processes: int, folder: Path, tmp_path: Path
    ) -> None:
        tools = reproduction(folder, tmp_path)
        self.run(["Z15"], tools)
        path = tmp_path / "rows" / "Z15.json"
        whole = json.loads(path.read_text())
        path.write_text(json.dumps(whole | {"not_run": ["something"], "measurements": []}))
        outcome = self.run(["Z15"], tools, n_processes)["Z15"]
        assert outcome.measurements
        assert not outcome.not_run

    def test_a_row_that_fails_elsewhere_says_why(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(loop, "_compute", lambda *_: pytest.fail("here"))
        folder = write_pictures(tmp_path / "gtzan", range(2))
        tools = Reproduction(folder, tmp_path / "out", quick=True)
        outcomes = self.run(["A2", "B2"], tools, 2)
        assert "no features_30_sec.csv" in outcomes["A2"].absent
        assert outcomes["B2"].measurements


def test_an_outcome_is_read_as_it_was_written() -> None:
    outcome = Outcome(
        "C3",
        [Measurement("CNN", "accuracy", 0.8, 0.5, sd=0.1, n=10, n_parameters=7)],
        ["a finding"],
        ["plots/a.png"],
        seconds=3.0,
        settings="abc",
    )
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome
    with pytest.raises(KeyError):
        Outcome.from_dict({"id": "C3"})


def test_a_measurement_stands_beside_the_papers() -> None:
    labels = np.arange(10)
    sure = np.eye(10, dtype=np.float32)
    half = sure.copy()
    half[5:] = np.roll(half[5:], 1, axis=1)
    runs = [
        Predictions("seed", "pictures", tuple("abcdefghij"), labels, p, 0, 1.0, "c3")
        for p in (sure, half)
    ]
    system = System(name="CNN", published={"macro_recall": 0.8})
    accuracy, recall = measurements_of(
        system, "rotation", runs, data="mel pictures", seconds=2.0, n_parameters=9
    )
    assert (accuracy.measure, accuracy.published, accuracy.ours) == ("accuracy", None, 0.75)
    assert accuracy.sd == pytest.approx(0.3536, abs=1e-4)
    assert accuracy.low is not None
    assert accuracy.low < 0.75
    assert recall.difference == pytest.approx(-0.05)
    assert recall.low is None, "a mean of shares has no Wilson interval"
    leaky = measurements_of(system, "random-80-20", runs, data="", seconds=0.0)
    assert leaky[0].leaky


def test_a_table_that_is_missing_costs_its_systems_alone(
    folder: Path, tmp_path: Path
) -> None:
    (row,) = chosen_rows(["B9"])
    outcome = table_outcome(row, reproduction(folder, tmp_path))
    assert {one.data for one in outcome.measurements} == {"feature table, 30 s"}
    assert {one.seeds for one in outcome.measurements if one.leaky} == {2}
    (missing,) = outcome.not_run
    assert missing.count("3 s (") == 12
    assert "no features_3_sec.csv in the data folder" in missing


def test_rows_are_laid_out_for_terminal_and_page(folder: Path, tmp_path: Path) -> None:
    (row,) = chosen_rows(["B9"])
    tools = reproduction(folder, tmp_path)
    outcome = table_outcome(row, tools)
    text = text_of_row(row, outcome)
    assert "(paper 69.6, " in text
    assert "random-80-20 LEAKY, " in text
    assert max(map(len, text.splitlines())) <= 100
    page = page_of([(row, outcome)], tools)
    assert "| SVM, 30 s | random-80-20 **leaky** | accuracy | 69.6 |" in page
    assert QUICK_WARNING in page
    assert "Not run with these settings: Z1, Z2, " in page
    assert "Z13, Z15, " in page, "what cannot be had is not going to be run"
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.9996, "1"), (0.5, "0.5"), (0.0004, "0.0004"), (0.05173, "0.052"), (30000, "30000")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert value_text("p", value) == text


def test_plots_have_a_page(tmp_path: Path) -> None:
    rows = chosen_rows(["B2", "B12"])
    files = [[], ["plots/B12-gallery.png", "plots/B12-gallery.svg"]]
    done = [(row, Outcome(row.id, files=one)) for row, one in zip(rows, files, strict=True)]
    page = plot_page_of(done, reproduction(tmp_path, tmp_path))
    assert "## B12: " in page
    assert "![B12-gallery](plots/B12-gallery.png)" in page
    assert "svg" not in page
    assert "B2:" not in page


def test_names_of_any_length_are_laid_out() -> None:
    (row,) = chosen_rows(["D6"])
    pop, long = (Measurement(name, "f1", 0.76, 0.5) for name in ("pop", "x" * 60))
    numbers = "f1 0.5 (paper 0.76, -0.26)"
    assert f"{'x' * 45}...  {numbers}" in text_of_row(row, Outcome("D6", [pop, long]))
    assert f"      pop  {numbers}" in text_of_row(row, Outcome("D6", [pop]))


class TestCommand:
    def test_it_lists_without_data(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["reproduce", "--list"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert all(any(line.startswith(f"  {name} ") for line in lines) for name in IDS)
        assert max(map(len, lines)) <= 100
        assert "stratified-80-20 LEAKY" in lines[2]

    def test_the_list_does_not_wait_for_torch(self) -> None:
        code = (
            "import sys; from genre_model.cli.main import main; "
            "main(['reproduce', '--list']); "
            "sys.exit('torch' in sys.modules)"
        )
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL
        )

    def test_it_needs_data_to_do_more(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["reproduce", "Z1"]) == 1
        assert "--data: give the GTZAN folder" in capsys.readouterr().err

    @pytest.mark.parametrize("what", ["nothing", "an empty folder"])
    def test_a_wrong_folder_leaves_the_page_alone(
        self, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        data = tmp_path / "data"
        if what == "an empty folder":
            data.mkdir()
        page = tmp_path / "out" / "papers.md"
        page.parent.mkdir()
        page.write_text("rows of other days")
        flags = ["--data", str(data), "--out", str(page.parent)]
        assert main(["reproduce", "Z1", *flags]) == 1
        assert str(data) in capsys.readouterr().err
        assert page.read_text() == "rows of other days"

    def test_it_prints_and_writes_a_page(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        flags = ["--data", str(folder), "--out", str(tmp_path), "--quick"]
        assert main(["reproduce", "B2", "Z14", *flags]) == 0
        printed = capsys.readouterr().out
        assert "B2  segments of 30, 10, 3 and 1 s" in printed
        page = (tmp_path / "quick" / "papers.md").read_text("utf-8")
        assert "### B2: " in page
        assert "Not reproduced: The paper does not name the data set." in page
        assert "kept" not in printed
        assert main(["reproduce", "B2", *flags]) == 0
        assert "kept from an earlier run, scored in" in capsys.readouterr().out

    def test_it_fails_when_a_row_did(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = write_pictures(tmp_path / "gtzan", range(1))
        flags = ["--data", str(folder), "--out", str(tmp_path / "out"), "--quick"]
        assert main(["reproduce", "A2", *flags]) == 1
        assert "not reproduced: A2" in capsys.readouterr().out
