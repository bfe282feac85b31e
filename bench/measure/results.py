"""What has been measured, kept as JSON so that a measurement can be made again without the others, and what is written
of it."""

import dataclasses
import datetime
import json
import pathlib

from . import plot, report
from .goals import GOALS
from .rows import Note, Row, Series, as_json, from_json


@dataclasses.dataclass
class Result:
    """Of one measurement."""
    when: str
    seconds: float = 0
    rows: list = dataclasses.field(default_factory=list)
    series: list = dataclasses.field(default_factory=list)
    notes: list = dataclasses.field(default_factory=list)
    failed: str = ""

    @staticmethod
    def begin():
        return Result(datetime.datetime.now().isoformat(timespec="milliseconds"))

    def end(self):
        self.seconds = (datetime.datetime.now() - datetime.datetime.fromisoformat(self.when)).total_seconds()

    def add(self, item):
        {Row: self.rows, Series: self.series, Note: self.notes}[type(item)].append(item)


class Book:
    """All results of this machine, those of earlier runs included."""

    def __init__(self, directory, machine):
        self.directory = pathlib.Path(directory)
        self.machine = machine
        self.measured = {}
        try:
            kept = json.loads((self.directory / "results.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return
        if kept["machine"] == machine:
            self.measured = {name: read(result) for name, result in kept["measured"].items()}

    def put(self, name, result):
        self.measured[name] = result

    def write(self, order):
        self.measured = {name: self.measured[name] for name in order if name in self.measured}
        (self.directory / "plots").mkdir(parents=True, exist_ok=True)
        kept = {"machine": self.machine, "measured": {n: written(r) for n, r in self.measured.items()}}
        (self.directory / "results.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        (self.directory / "results.md").write_text(report.text_of(self.machine, self.measured), encoding="utf-8")
        for series in (series for result in self.measured.values() for series in result.series):
            self.write_plot(series.name, plot.line_plot(series))
        self.write_plot("goals", goals_plot([row for result in self.measured.values() for row in result.rows]))

    def write_plot(self, name, svg):
        (self.directory / "plots" / f"{name}.svg").write_text(svg, encoding="utf-8")


def goals_plot(rows):
    bars = []
    for name, goal in GOALS.items():
        for row in (row for row in rows if row.goal == name):
            bars.append((goal.what, goal.share(row), f"{goal.measure(row)} (goal {goal.text.split(' × ')[0]})"))
    return plot.bar_plot("Measured against the goals", bars,
                         "Longer is better; the line is the goal. Bars end at one and a half times the goal.")


def written(result):
    return {"when": result.when, "seconds": result.seconds, "failed": result.failed,
            "results": [as_json(item) for item in (*result.rows, *result.series, *result.notes)]}


def read(kept):
    result = Result(kept["when"], kept["seconds"], failed=kept["failed"])
    for item in kept["results"]:
        result.add(from_json(item))
    return result
