"""results.md: one table of all rows, those with a goal first; then what was noticed, and the plots."""

import datetime
import os
import platform
import re
import subprocess

from .goals import GOALS

HEAD = """# Measurements

Written by `bench/run`; [how to run it, and how to read this](README.md).

{machine}

Every figure is of the same machine and the same run as the figures in its line. Medians of rounds that took turns,
least and most in brackets; fsync and synchronous_commit on. **The load generators, the baselines and the server share
the same cores**, and contention on the rightmost pages of indexes does not show on so few. "2 ms commit" is
`commit_delay = 2000, commit_siblings = 0`: a cloud disk, or a synchronous replica. The limit, where the line says nothing
else, is a bare INSERT of the same row with the same indexes and checks; naive is the design of a counter row locked by
FOR UPDATE with pg_notify in the transaction. After each measurement `integrity_check()` has found nothing.
"""
TABLE = """
| what | ours | limit | baseline | ratio | goal | |
| --- | --- | --- | --- | --- | --- | --- |
"""


def machine():
    """Where it was measured; results of another machine are not shown beside each other."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = first_line("postgres", "--version").removeprefix("postgres (PostgreSQL) ")
    return (f"PostgreSQL {version}, node {first_line('node', '--version')}, Linux {platform.release()}; {os.cpu_count()}"
            f" cores ({model.group(1).strip() if model else platform.machine()}), {memory:.0f} GB of memory.")


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]
    except OSError:
        return "none"


def missing_goals(measured, names):
    """Goals of these measurements for which there is no row."""
    reached = {row.goal for result in measured.values() for row in result.rows}
    return [name for name, goal in GOALS.items() if goal.measurement in names and name not in reached]


def text_of(where, measured):
    rows = [row for result in measured.values() for row in result.rows]
    lines = []
    for name, goal in GOALS.items():
        of_goal = [row for row in rows if row.goal == name]
        lines += [row_text(row) for row in of_goal]
        if not of_goal:
            lines.append(f"| {goal.what} | | | | | {goal.text} | **not measured** |")
    lines += [row_text(row) for row in rows if not row.goal]
    parts = [HEAD.format(machine=where) + TABLE + "\n".join(lines) + "\n"]
    failed = [f"- {name}: {result.failed}" for name, result in measured.items() if result.failed]
    if failed:
        parts.append("## Without a result\n\n" + "\n".join(failed) + "\n")
    notes = [f"- {note.text}" for result in measured.values() for note in result.notes]
    if notes:
        parts.append("## Seen on the way\n\n" + "\n".join(notes) + "\n")
    plots = [f"![{series.title}](plots/{series.name}.svg)" for result in measured.values() for series in result.series]
    if plots:
        parts.append("## Plots\n\n" + "\n".join(plots) + "\n")
    parts.append("## When\n\n" + "\n".join(
        f"- {name}: {when(result)}, {result.seconds / 60:.1f} minutes" for name, result in measured.items()) + "\n")
    return "\n".join(parts)


def when(result):
    return datetime.datetime.fromisoformat(result.when).strftime("%Y-%m-%d %H:%M")


def row_text(row):
    baselines = [name for name in row.others() if name != "limit"]
    cells = [row.what, figure(row, "ours"), figure(row, "limit"),
             "<br>".join(f"{name}: {figure(row, name)}" for name in baselines),
             "<br>".join(f"{number(row.ratio(name))} × {name}" for name in row.others())]
    if row.goal:
        goal = GOALS[row.goal]
        cells += [goal.text, "met" if goal.reached(row) else "**not met**"]
    else:
        cells += ["", ""]
    return "| " + " | ".join(cells) + " |"


def figure(row, name):
    values = row.figures.get(name)
    if not values:
        return ""
    spread = f" ({number(min(values))}-{number(max(values))})" if len(values) > 1 else ""
    return f"{number(row.median(name))}{row.unit}{spread}"


def number(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.2g}"
