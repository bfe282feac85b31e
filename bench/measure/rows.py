"""What a measurement yields: rows of the table, series that are plotted, and notes."""

import dataclasses
import statistics


class Failure(Exception):
    """What was measured is not what should have been: the measurement has no result."""


@dataclasses.dataclass
class Row:
    """One line of the table. figures: what was measured in each round, of "ours", of the "limit" if there is one, and of
    any other system under its own name. goal names one of goals.GOALS."""
    what: str
    figures: dict
    goal: str = ""
    unit: str = "/s"

    def median(self, name="ours"):
        return statistics.median(self.figures[name])

    def ratio(self, name):
        return self.median() / self.median(name)

    def others(self):
        return [name for name in self.figures if name != "ours"]


@dataclasses.dataclass
class Series:
    """A plot: lines of y over the same x. marks are stretches of x that are shaded: (from, to, label)."""
    name: str
    title: str
    x_label: str
    y_label: str
    x: list
    lines: dict
    logarithmic: bool = False
    marks: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Note:
    text: str


KINDS = {"row": Row, "series": Series, "note": Note}


def as_json(result):
    kind = next(kind for kind, made in KINDS.items() if isinstance(result, made))
    return {kind: dataclasses.asdict(result)}


def from_json(line):
    (kind, fields), = line.items()
    return KINDS[kind](**fields)
