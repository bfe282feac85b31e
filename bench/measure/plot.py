"""Plots as SVG, drawn with nothing but the standard library. They have a ground of their own, light or dark as the
reader's system is, so that they can be read on a page of either kind."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 74, 20, 68, 48
STYLE = """
  svg { --ground: #ffffff; --text: #1f2328; --faint: #59636e; --grid: #d1d9e0; --shade: #eef1f4;
        --c0: #0969da; --c1: #bc4c00; --c2: #1a7f37; --c3: #8250df; --c4: #bf3989; --c5: #6e7781; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --text: #f0f6fc; --faint: #9198a1; --grid: #30363d; --shade: #1c222b;
          --c0: #58a6ff; --c1: #f0883e; --c2: #3fb950; --c3: #bc8cff; --c4: #f778ba; --c5: #8b949e; }
  }
  text { font: 12px -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: var(--faint); }
  .title { font-size: 15px; font-weight: 600; fill: var(--text); }
  .label { fill: var(--text); }
  .grid { stroke: var(--grid); stroke-width: 1; }
  .goal { stroke: var(--text); stroke-width: 2; stroke-dasharray: 4 3; }
  .line { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
"""
COLOURS = 6


def document(height, title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
            f' role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">\n<style>{STYLE}</style>\n'
            f'<rect width="{WIDTH}" height="{height}" rx="6" style="fill: var(--ground); stroke: var(--grid)"/>\n'
            + "\n".join([text(20, 28, title, "title"), *parts]) + "\n</svg>\n")


def text(x, y, content, kind="", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"' + (f' class="{kind}"' if kind else "")
            + f">{escape(content)}</text>")


def line_plot(series):
    """Lines over a common x. Where x is spread over decades or doublings its values are set side by side evenly."""
    values = [y for line in series.lines.values() for y in line]
    ticks = decades(values) if series.logarithmic else steps(max(values))
    x_of, y_of = scale_x(series.x), scale_y(ticks, series.logarithmic)
    parts = []
    for start, end, label in series.marks:
        parts.append(f'<rect x="{x_of(start):.1f}" y="{TOP}" width="{x_of(end) - x_of(start):.1f}"'
                     f' height="{HEIGHT - TOP - BOTTOM}" style="fill: var(--shade)"/>')
        parts.append(text(x_of(start) + 5, TOP + 15, label))
    for tick in ticks:
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y_of(tick):.1f}" y2="{y_of(tick):.1f}"/>')
        parts.append(text(LEFT - 8, y_of(tick) + 4, short(tick), anchor="end"))
    for value in labelled(series.x):
        parts.append(text(x_of(value), HEIGHT - BOTTOM + 18, short(value), anchor="middle"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, series.x_label, anchor="middle"))
    legend_x = 20
    for number, (name, line) in enumerate(series.lines.items()):
        colour = f"var(--c{number % COLOURS})"
        points = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in zip(series.x, line))
        parts.append(f'<polyline class="line" style="stroke: {colour}" points="{points}"/>')
        if len(series.x) <= 12:
            parts += [f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3.5" style="fill: {colour}"/>'
                      for x, y in zip(series.x, line)]
        parts.append(f'<rect x="{legend_x:.1f}" y="44" width="14" height="4" rx="2" style="fill: {colour}"/>')
        parts.append(text(legend_x + 19, 50, name, "label"))
        legend_x += 32 + 6.3 * len(name)
    parts.append(text(WIDTH - RIGHT, 28, series.y_label, anchor="end"))
    return document(HEIGHT, series.title, parts)


def bar_plot(title, bars, explanation):
    """Horizontal bars of (label, value, text): 1 is the goal, which is a line across all of them."""
    row, left, said_at = 26, 290, 190
    height = TOP + row * len(bars) + 20
    most = 1.5
    unit = (WIDTH - left - said_at) / most
    parts = [text(20, 50, explanation)]
    for number, (label, value, said) in enumerate(bars):
        y = TOP + row * number
        width = min(value, most) * unit
        parts.append(text(left - 10, y + 15, label, "label", "end"))
        parts.append(f'<rect x="{left}" y="{y + 3}" width="{width:.1f}" height="{row - 9}" rx="3"'
                     f' style="fill: var({"--c2" if value >= 1 else "--c1"})"/>')
        parts.append(text(WIDTH - said_at + 12, y + 15, said))
    parts.append(f'<line class="goal" x1="{left + unit:.1f}" x2="{left + unit:.1f}" y1="{TOP - 6}" y2="{height - 16}"/>')
    return document(height, title, parts)


def scale_x(values):
    even = len(values) <= 12
    low, high = values[0], values[-1]

    def position(x):
        if even:
            share = values.index(x) / max(len(values) - 1, 1)
        else:
            share = (x - low) / ((high - low) or 1)
        return LEFT + 14 + share * (WIDTH - RIGHT - LEFT - 28)
    return position


def scale_y(ticks, logarithmic):
    measure = math.log10 if logarithmic else float
    low, high = measure(ticks[0]), measure(ticks[-1])
    return lambda y: HEIGHT - BOTTOM - (measure(y) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def steps(most):
    """Round numbers from 0 to beyond the most, about five of them."""
    if most <= 0:
        return [0, 1]
    size = 10 ** math.floor(math.log10(most / 4))
    size *= next(factor for factor in (1, 2, 2.5, 5, 10) if factor * size * 5 >= most)
    return [size * n for n in range(math.ceil(most / size - 1e-9) + 1)]


def decades(values):
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return [10.0 ** n for n in range(low, max(high, low + 1) + 1)]


def labelled(values):
    if len(values) <= 12:
        return values
    return [tick for tick in steps(values[-1]) if values[0] <= tick <= values[-1]]


def short(value):
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{suffix}"
    return f"{value:.3g}"
