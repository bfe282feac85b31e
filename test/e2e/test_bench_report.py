"""What bench/run makes of measurements: the table, what is missing in it, and the plots. Nothing is measured here."""

import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

# pylint: disable=wrong-import-position
from measure import plot, report, results
from measure.__main__ import MEASUREMENTS
from measure.goals import GOALS
from measure.rows import Note, Row, Series, as_json, from_json

HOT = Row("one session", {"ours": [900, 800, 1000], "limit": [1000, 1100, 1050], "naive": [30, 31, 29]}, "hot_2ms")
LATENCY = Row("latency", {"ours": [1.5, 2.5, 2.25], "graphile-worker": [3, 3, 3]}, "webhook_p50", " ms")
PLAIN = Row("sold <out>", {"ours": [0.05]}, unit=" s")
CLIENTS = Series("clients", "Holds & clients", "clients", "per second", [1, 8, 32],
                 {"ours": [1, 7, 20], "naive": [1, 1, 1]})


def result(*items):
    made = results.Result("2026-01-02T03:04:05.000")
    for item in items:
        made.add(item)
    return made


class Report(unittest.TestCase):
    def test_every_goal_has_a_measurement(self):
        self.assertEqual({goal.measurement for goal in GOALS.values()} - set(MEASUREMENTS), set())

    def test_a_row_says_median_spread_ratio_and_whether_the_goal_is_met(self):
        self.assertEqual(report.row_text(HOT), "| one session | 900/s (800-1,000) | 1,050/s (1,000-1,100) | naive: 30.00/s"
                         " (29.00-31.00) | 0.86 × limit<br>30.00 × naive | ≥ 0.8 × limit | met |")
        self.assertIn("| 2.25 ms (1.50-2.50) |", report.row_text(LATENCY))
        self.assertTrue(report.row_text(LATENCY).endswith("| < 2 ms | **not met** |"))
        self.assertEqual(report.row_text(PLAIN), "| sold <out> | 0.05 s |  |  |  |  |  |")

    def test_a_goal_without_a_row_is_seen(self):
        measured = {"hot_session": result(HOT)}
        self.assertEqual(report.missing_goals(measured, ["hot_session", "release", "clients"]), ["hot_native", "release"])
        text = report.text_of("Machine.", measured)
        lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
        self.assertEqual(len(lines), len(GOALS))
        self.assertEqual(sum(line.endswith("| **not measured** |") for line in lines), len(GOALS) - 1)
        self.assertTrue(lines[0].startswith("| one session |"))

    def test_a_failure_and_notes_are_said(self):
        failed = result(Note("Seen."))
        failed.failed = "sold 501 of 500 seats"
        text = report.text_of("Machine.", {"sold_out": failed})
        self.assertIn("- sold_out: sold 501 of 500 seats", text)
        self.assertIn("- Seen.", text)

    def test_what_is_kept_is_read_again_on_the_same_machine(self):
        for item in (HOT, CLIENTS, Note("Seen.")):
            self.assertEqual(from_json(as_json(item)), item)
        with tempfile.TemporaryDirectory() as directory:
            book = results.Book(directory, "Machine.")
            book.put("clients", result(CLIENTS))
            book.put("hot_session", result(HOT))
            book.write(MEASUREMENTS)
            again = results.Book(directory, "Machine.")
            self.assertEqual(list(again.measured), ["hot_session", "clients"])
            self.assertEqual(again.measured, book.measured)
            self.assertEqual(results.Book(directory, "Another.").measured, {})
            written = pathlib.Path(directory)
            self.assertIn("![Holds & clients](plots/clients.svg)", (written / "results.md").read_text("utf-8"))
            self.assertEqual({path.name for path in (written / "plots").iterdir()}, {"clients.svg", "goals.svg"})


class Plots(unittest.TestCase):
    def points(self, svg):
        return [[tuple(map(float, point.split(","))) for point in line.get("points").split()]
                for line in xml.fromstring(svg).iter("{http://www.w3.org/2000/svg}polyline")]

    def test_lines_rise_where_values_do(self):
        ours, naive = self.points(plot.line_plot(CLIENTS))
        self.assertEqual([x for x, _ in ours], [x for x, _ in naive])
        self.assertEqual([y for _, y in ours], sorted((y for _, y in ours), reverse=True))
        self.assertEqual(len({y for _, y in naive}), 1)
        self.assertEqual(ours[0][1], naive[0][1])

    def test_decades_are_equally_far_apart(self):
        line, = self.points(plot.line_plot(Series("s", "t", "x", "y", [1e3, 1e5, 1e7], {"ours": [10, 100, 1000]}, True)))
        gaps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(line, line[1:])]
        self.assertAlmostEqual(gaps[0][0], gaps[1][0], 0)
        self.assertAlmostEqual(gaps[0][1], gaps[1][1], 0)

    def test_everything_stays_within_the_frame(self):
        long = Series("s", "t", "x", "y", list(range(100)), {"ours": list(range(1, 101))}, marks=[(20, 40, "snapshot")])
        for series in (CLIENTS, long, Series("s", "t", "x", "y", [1], {"ours": [0]})):
            for x, y in sum(self.points(plot.line_plot(series)), []):
                self.assertTrue(plot.LEFT <= x <= plot.WIDTH - plot.RIGHT and plot.TOP <= y <= plot.HEIGHT - plot.BOTTOM)

    def test_it_is_readable_in_light_and_dark(self):
        bars = plot.bar_plot("Goals & more", [("a < b", 3.0, "3 ×"), ("c", 0.5, "0.5 ×")], "said")
        for svg in (plot.line_plot(CLIENTS), bars):
            self.assertIn("prefers-color-scheme: dark", svg)
            first = next(element for element in xml.fromstring(svg) if element.tag.endswith("rect"))
            self.assertEqual(first.get("width"), str(plot.WIDTH))
            self.assertEqual(first.get("style").split(";")[0], "fill: var(--ground)")


if __name__ == "__main__":
    unittest.main()
