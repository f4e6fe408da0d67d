#!/usr/bin/env python3
"""The drawings of docs/how-it-works.md, written beside this file: `make drawings`.

Standard library only. Whatever is computed for a drawing uses + - * / and square roots, and coordinates have one
decimal, so that the same bytes come out everywhere. `--check` compares instead of writing, `--dark` writes what a dark
page shows into the folder that follows.
"""

import math
import pathlib
import sys

LIGHT = {
    "card": "#fcfbf8", "edge": "#dedad0", "ink": "#23272d", "soft": "#666d75", "rule": "#b8bdc4", "cell": "#eceae3",
    "0": "#2f6fbe", "1": "#cf6d17", "2": "#2f8a5b", "3": "#7d52b0", "4": "#c23b45", "5": "#1f8f9c",
    "p0": "#d6e4f5", "p1": "#fae2c8", "p2": "#d3ecde", "p3": "#e6daf3", "p4": "#f7d6d6", "p5": "#cdebee",
}  # fmt: skip
DARK = {
    "card": "#15181d", "edge": "#31373f", "ink": "#e6e8eb", "soft": "#9aa3ad", "rule": "#515a65", "cell": "#262b33",
    "0": "#75aef2", "1": "#f2a155", "2": "#66c795", "3": "#b795e6", "4": "#f07f86", "5": "#5cc6d3",
    "p0": "#1f3551", "p1": "#4a3218", "p2": "#1d3d2d", "p3": "#382a4d", "p4": "#4c2529", "p5": "#163e44",
}  # fmt: skip
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
MONO = "ui-monospace, 'SF Mono', Menlo, 'DejaVu Sans Mono', monospace"


def rules(colors):
    """The style of everything, in these colors."""
    parts = [f".card{{fill:{colors['card']};stroke:{colors['edge']}}}"]
    parts += [f"text{{fill:{colors['ink']}}}.soft{{fill:{colors['soft']}}}"]
    for name in ["rule", "soft", "ink", "0", "1", "2", "3", "4", "5"]:
        parts.append(f".s-{name}{{stroke:{colors[name]};fill:none}}")
    for name in ["card", "ink", "rule", "cell", "0", "1", "2", "3", "4", "5", "p0", "p1", "p2", "p3", "p4", "p5"]:
        parts.append(f".f-{name}{{fill:{colors[name]}}}")
    for name in "012345":
        parts.append(f".t-{name}{{fill:{colors[name]};font-weight:600}}")
    return "".join(parts)


def number(x):
    return f"{x:.1f}".removesuffix(".0") if abs(x) >= 0.05 else "0"


class Picture:
    def __init__(self, width, height, title, description):
        self.width, self.height = width, height
        self.parts = [f"<title>{title}</title>", f"<desc>{description}</desc>"]
        self.parts.append(f'<rect class="card" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"/>')

    def text(self, x, y, words, size=13, anchor="start", style="", mono=False, bold=False):
        words = words.replace("&", "&amp;").replace("<", "&lt;")
        more = f' class="{style}"' if style else ""
        more += f' text-anchor="{anchor}"' if anchor != "start" else ""
        more += f' font-family="{MONO}"' if mono else ""
        more += ' font-weight="600"' if bold else ""
        self.parts.append(f'<text x="{number(x)}" y="{number(y)}" font-size="{size}"{more}>{words}</text>')

    def lines(self, x, y, words, size=12, anchor="start", style="soft", step=16):
        for i, line in enumerate(words):
            self.text(x, y + i * step, line, size, anchor, style)

    def box(self, x, y, width, height, fill="f-cell", stroke="", radius=3, thick=1):
        style = f"{fill} {stroke}".strip()
        edge = f' stroke-width="{thick}"' if stroke else ""
        size = f'width="{number(width)}" height="{number(height)}"'
        # A fill after a stroke, which has none: the order of the rules would decide.
        if stroke and fill:
            self.parts.append(f'<rect class="{fill}" x="{number(x)}" y="{number(y)}" {size} rx="{radius}"/>')
            style = stroke
        self.parts.append(f'<rect class="{style}" x="{number(x)}" y="{number(y)}" {size} rx="{radius}"{edge}/>')

    def line(self, points, style="s-rule", thick=1.5, arrow=False, dash=""):
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
        dash = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<path class="{style}" d="{path}" stroke-width="{thick}" stroke-linejoin="round"{dash}/>')
        if arrow:
            self.head(points[-2], points[-1], "f-" + style.removeprefix("s-"))

    def head(self, start, end, fill):
        (x0, y0), (x1, y1) = start, end
        length = math.sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
        u, v = (x1 - x0) / length, (y1 - y0) / length
        corners = [(x1 + 2 * u, y1 + 2 * v), (x1 - 7 * u - 4 * v, y1 - 7 * v + 4 * u), (x1 - 7 * u + 4 * v, y1 - 7 * v - 4 * u)]
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in corners) + "Z"
        self.parts.append(f'<path class="{fill}" d="{path}"/>')

    def dot(self, x, y, radius, fill="", stroke="", thick=1.5):
        for style, edge in [(fill, ""), (stroke, f' stroke-width="{thick}"')]:
            if style:
                self.parts.append(f'<circle class="{style}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"{edge}/>')

    def svg(self, dark):
        style = rules(DARK) if dark else rules(LIGHT) + "@media (prefers-color-scheme:dark){" + rules(DARK) + "}"
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} font-family="{FONT}">\n<style>{style}</style>\n'
        return head + "\n".join(self.parts) + "\n</svg>\n"


class Random:
    """A linear congruential generator: whole numbers, the same everywhere."""

    def __init__(self, seed):
        self.state = seed

    def unit(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2**53

    def bell(self):
        return sum(self.unit() for _ in range(12)) - 6.0


CENTERS = [(0.20, 0.30), (0.52, 0.22), (0.80, 0.42), (0.36, 0.72), (0.72, 0.80)]


def scatter(count, spread, seed):
    random, points = Random(seed), []
    while len(points) < count:
        x, y = CENTERS[len(points) % len(CENTERS)]
        x, y = x + spread * random.bell(), y + spread * random.bell()
        if 0.03 < x < 0.97 and 0.03 < y < 0.97:
            points.append((x, y))
    return points


def squares(point, centers):
    return [(point[0] - x) * (point[0] - x) + (point[1] - y) * (point[1] - y) for x, y in centers]


def nearest(point, centers):
    distances = squares(point, centers)
    return distances.index(min(distances))


def whole():
    p = Picture(900, 352, "One iteration", "The way of a point from the caller's buffer to its label, and of its label to a center.")
    # The caller's buffer.
    p.text(30, 40, "the caller's buffer", 13, bold=True)
    for row in range(6):
        for i in range(4):
            p.box(30 + 26 * i, 54 + 17 * row, 23, 14, "f-p0" if row in (2, 3) else "f-cell")
    p.line([(26, 86), (26, 122), (138, 122), (138, 86), (26, 86)], "s-0")
    p.lines(30, 178, ["n rows of d doubles,", "read where they lie"])
    p.line([(148, 104), (196, 104)], "s-ink", arrow=True)
    # Lanes.
    p.text(208, 40, "a block, in lanes", 13, bold=True)
    for i in range(4):
        for lane in range(4):
            p.box(208 + 24 * lane, 54 + 25 * i, 21, 21, "f-p0")
    p.lines(208, 178, ["a vector holds one dimension", "of several points"])
    p.line([(314, 104), (394, 104)], "s-ink", arrow=True)
    # The test.
    p.text(404, 40, "the test", 13, bold=True)
    p.box(404, 54, 158, 100, "f-p1", "s-1")
    p.lines(416, 78, ["every center,", "in 8 or 16 bits, or in", "single precision,", "with an error bound"], style="", size=13, step=19)
    p.line([(562, 80), (640, 80)], "s-2", 2, arrow=True)
    p.text(600, 72, "proven", 12, "middle", "t-2")
    p.line([(562, 128), (600, 128), (600, 196), (640, 196)], "s-4", 2, arrow=True)
    p.text(592, 172, "open", 12, "end", "t-4")
    p.box(640, 168, 100, 56, "f-p4", "s-4")
    p.text(690, 192, "D decides", 13, "middle", bold=True)
    p.text(690, 210, "as defined", 12, "middle", "soft")
    p.line([(690, 168), (690, 108)], "s-4", 2, arrow=True)
    p.box(640, 56, 100, 50, "f-p2", "s-2")
    p.text(690, 78, "label", 13, "middle", bold=True)
    p.text(690, 95, "one answer", 12, "middle", "soft")
    # Sums.
    p.line([(740, 80), (812, 80), (812, 262)], "s-ink", arrow=True)
    p.lines(804, 240, ["the point's coordinates, as integers"], anchor="end")
    p.box(730, 264, 144, 62, "f-p3", "s-3")
    p.text(802, 288, "sums in limbs", 13, "middle", bold=True)
    p.text(802, 307, "exact, in any order", 12, "middle", "soft")
    p.line([(730, 296), (650, 296)], "s-ink", arrow=True)
    p.box(500, 264, 148, 62, "f-p3", "s-3")
    p.text(574, 288, "quotient", 13, "middle", bold=True)
    p.text(574, 307, "rounded once", 12, "middle", "soft")
    p.line([(500, 296), (420, 296)], "s-ink", arrow=True)
    p.box(286, 264, 132, 62, "f-p0", "s-0")
    p.text(352, 288, "centers", 13, "middle", bold=True)
    p.text(352, 307, "exact means", 12, "middle", "soft")
    p.line([(460, 264), (460, 158)], "s-0", 1.5, arrow=True, dash="5 4")
    p.line([(418, 276), (460, 276), (460, 262)], "s-0", 1.5, dash="5 4")
    p.lines(452, 204, ["the next", "iteration"], anchor="end")
    # Bounds.
    p.box(30, 264, 190, 62, "f-p5", "s-5")
    p.text(125, 288, "margins", 13, "middle", bold=True)
    p.text(125, 307, "less what centers moved", 12, "middle", "soft")
    p.line([(286, 296), (224, 296)], "s-ink", arrow=True)
    p.line([(84, 264), (84, 208)], "s-5", 2, arrow=True)
    p.lines(94, 234, ["only points whose label", "may have changed"])
    return p


def labels():
    p = Picture(900, 356, "What a test leaves open", "The same points under a coarse test, a finer one, and the defined distance.")
    points = scatter(420, 0.075, 4)
    side, top = 262, 54
    for panel, (title, bound) in enumerate([("8 bits", 0.030), ("16 bits", 0.006), ("the distance D", 0.0)]):
        left = 30 + 290 * panel
        p.box(left, top, side, side, "f-cell")
        # The borders between the centers: where the two nearest are as near, found on a grid.
        steps, border = 131, []
        for j in range(steps):
            for i in range(steps):
                x, y = (i + 0.5) / steps, (j + 0.5) / steps
                here = nearest((x, y), CENTERS)
                if here != nearest((x + 1 / steps, y), CENTERS) or here != nearest((x, y + 1 / steps), CENTERS):
                    border.append(f"M{number(left + side * x)} {number(top + side * y)}h0")
        p.parts.append(f'<path class="s-rule" d="{"".join(border)}" stroke-width="1.8" stroke-linecap="round"/>')
        count = 0
        for point in points:
            distances = squares(point, CENTERS)
            label = distances.index(min(distances))
            least, second = sorted(distances)[:2]
            is_open = second - least <= 2 * bound
            count += is_open
            x, y = left + side * point[0], top + side * point[1]
            p.dot(x, y, 2.4, f"f-{label if label < 4 else 5}")
            if is_open:
                p.dot(x, y, 4.6, "", "s-4", 1.3)
        for x, y in CENTERS:
            x, y = left + side * x, top + side * y
            p.line([(x - 5, y - 5), (x + 5, y + 5)], "s-ink", 2.2)
            p.line([(x - 5, y + 5), (x + 5, y - 5)], "s-ink", 2.2)
        p.text(left, 40, title, 13, bold=True)
        caption = f"{count} of {len(points)} open" if bound else "decides the rest"
        p.text(left + side, 40, caption, 12, "end", "t-4" if bound else "soft")
    p.text(30, 340, "Ringed: points whose two nearest centers the test cannot tell apart. (Its error is drawn far larger than it is.)", 12, style="soft")
    return p


def test():
    p = Picture(900, 318, "A test and its error bound", "A gap wider than the error bound proves the label; a narrower one leaves the point open.")
    for row, (title, values, error) in enumerate([
        ("proven", [(150, "c₄"), (392, "c₁"), (480, "c₇"), (690, "c₂")], 62),
        ("open", [(150, "c₄"), (226, "c₁"), (480, "c₇"), (690, "c₂")], 62),
    ]):  # fmt: skip
        y = 84 + 138 * row
        style = "2" if row == 0 else "4"
        p.text(30, y - 44, title, 14, style=f"t-{style}")
        p.line([(30, y), (860, y)], "s-rule", 1.5, arrow=True)
        p.text(864, y - 8, "value", 12, "end", "soft")
        for index, (x, name) in enumerate(values):
            near = index == 0 or (row == 1 and index == 1)
            fill = f"p{style}" if near else "cell"
            p.box(x - error, y - 11, 2 * error, 22, f"f-{fill}", radius=11)
            p.line([(x - error, y), (x + error, y)], f"s-{style}" if near else "s-rule", 2)
        for index, (x, name) in enumerate(values):
            near = index == 0 or (row == 1 and index == 1)
            p.dot(x, y, 4.5, f"f-{style}" if near else "f-rule")
            p.text(x, y - 20, name, 14, "middle", bold=True)
        least, second = values[0][0], values[1][0]
        p.line([(least, y + 24), (least, y + 32), (second, y + 32), (second, y + 24)], f"s-{style}", 1.5)
        if row == 0:
            p.text((least + second) / 2, y + 50, "gap > 2 E: no other center can be as near", 13, "middle", "t-2")
        else:
            p.text(least - 8, y + 50, "gap ≤ 2 E: c₄ and c₁ are evaluated by D, the other centers are ruled out", 13, style="t-4")
    p.line([(628, 100), (628, 110), (690, 110), (690, 100)], "s-soft", 1.2)
    p.text(659, 126, "E", 13, "middle", "soft")
    p.text(30, 300, "For each center: what the test evaluates, and how far from it the true value can be.", 12, style="soft")
    return p


def distance():
    p = Picture(900, 330, "D, the squared distance", "Eight partial sums by dimension modulo eight, joined in a fixed tree.")
    left, step, d = 168, 60, 20
    p.lines(30, 62, ["t = x[i] - c[i]", "s[i mod 8] += t t"], style="", size=13, step=20)
    p.lines(30, 112, ["for d = 20, every operation", "rounded, none fused"])
    for i in range(d):
        x, y = left + 40 + step * (i % 8), 40 + 27 * (i // 8)
        p.box(x, y, 50, 22, "f-p0")
        p.text(x + 25, y + 15.5, str(i), 12, "middle")
    columns = [left + 65 + step * j for j in range(8)]
    for j, x in enumerate(columns):
        p.line([(x, 116 if j < 4 else 90), (x, 134)], "s-0", 1.2)
        p.box(x - 22, 136, 44, 24, "f-card", "s-0", 4, 1.5)
        p.text(x, 152.5, f"s{'₀₁₂₃₄₅₆₇'[j]}", 13, "middle")
    for j in range(4):
        x = (columns[j] + columns[j + 4]) / 2
        for column in (columns[j], columns[j + 4]):
            p.line([(column, 160), (x, 190)], "s-2", 1.3)
    for j in range(4):
        x = (columns[j] + columns[j + 4]) / 2
        p.box(x - 22, 190, 44, 24, "f-card", "s-2", 4, 1.5)
        p.text(x, 206.5, f"a{'₀₁₂₃'[j]}", 13, "middle")
    tops = [(columns[j] + columns[j + 4]) / 2 for j in range(4)]
    for j in range(2):
        x = (tops[j] + tops[j + 2]) / 2
        for column in (tops[j], tops[j + 2]):
            p.line([(column, 214), (x, 240)], "s-1", 1.3)
        p.box(x - 22, 240, 44, 24, "f-card", "s-1", 4, 1.5)
        p.text(x, 256.5, f"b{'₀₁'[j]}", 13, "middle")
    middle = (tops[0] + tops[3]) / 2
    for j in range(2):
        p.line([((tops[j] + tops[j + 2]) / 2, 264), (middle, 288)], "s-4", 1.3)
    p.box(middle - 24, 288, 48, 26, "f-p4", "s-4", 4, 1.5)
    p.text(middle, 306, "D", 14, "middle", bold=True)
    p.lines(712, 70, ["The partial sums are lanes", "of one vector, or eight", "vectors of many points:", "the same operations in the", "same order, the same bits."])
    return p


def lanes():
    p = Picture(900, 352, "Points in lanes against a panel of centers", "A transposed group of points, a panel of interleaved centers, and the accumulators of their products.")
    # Rows.
    p.text(30, 38, "points, as rows", 13, bold=True)
    shades = ["p0", "p2", "p3", "p5"]
    for row in range(4):
        for i in range(4):
            p.box(30 + 30 * i, 52 + 30 * row, 27, 27, f"f-{shades[row]}")
            p.text(43.5 + 30 * i, 70 + 30 * row, f"{'xyzw'[row]}{'₀₁₂₃'[i]}", 12, "middle")
    p.line([(158, 110), (214, 110)], "s-ink", arrow=True)
    p.text(186, 100, "transpose", 11, "middle", "soft")
    p.text(226, 38, "a group, in lanes", 13, bold=True)
    for i in range(4):
        for lane in range(4):
            p.box(226 + 30 * lane, 52 + 30 * i, 27, 27, f"f-{shades[lane]}")
            p.text(239.5 + 30 * lane, 70 + 30 * i, f"{'xyzw'[lane]}{'₀₁₂₃'[i]}", 12, "middle")
        p.box(223, 50.5 + 30 * i, 126, 30, "", "s-ink", 4, 1.3)
    p.lines(226, 192, ["one load: dimension i", "of as many points as", "a vector has lanes"])
    # Panel.
    p.text(30, 268, "a panel: centers interleaved, times -2", 13, bold=True)
    for i in range(3):
        for j in range(4):
            x = 30 + 110 * i + 25 * j
            p.box(x, 280, 22, 24, "f-p1")
            p.text(x + 11, 296, f"{'abce'[j]}{'₀₁₂'[i]}", 11, "middle")
    p.text(364, 297, "…", 14)
    p.text(30, 326, "one broadcast serves every group of points in registers", 12, style="soft")
    # Accumulators.
    p.line([(356, 112), (424, 112)], "s-ink", arrow=True)
    p.line([(392, 292), (408, 292), (408, 180), (424, 180)], "s-ink", arrow=True)
    p.text(440, 38, "accumulators, one vector each: |c|² - 2 x·c", 13, bold=True)
    for j in range(4):
        for g in range(3):
            x, y = 470 + 138 * g, 66 + 40 * j
            for lane in range(4):
                p.box(x + 29 * lane, y, 26, 28, f"f-{shades[lane]}" if g == 0 else "f-cell")
            p.box(x - 3, y - 3, 122, 34, "", "s-1", 4, 1.3)
        p.text(446, 85 + 40 * j, "abce"[j], 14, "middle", "t-1")
    for g in range(3):
        p.text(528 + 138 * g, 238, f"group {g + 1}", 12, "middle", "soft")
    p.lines(440, 268, [
        "A lane meets the centers in ascending order and keeps the least value",
        "and the second least: the first is the label, if their gap proves it.",
        "k is made up of panels of 8, 4, 2 and 1: nothing is padded, and",
        "nothing is reduced across lanes.",
    ])  # fmt: skip
    return p


def limbs():
    p = Picture(900, 372, "A sum in limbs", "Doubles cut at fixed places into integers, which add up exactly.")
    left, right, bits = 60, 840, 156

    def at(bit):
        return left + (right - left) * bit / bits

    edges = [0, 50, 100, 150]
    p.text(30, 34, "three terms of one dimension, each 53 bits somewhere below 2ᴱ", 13, bold=True)
    shades = ["0", "2", "3"]
    starts = [4, 27, 71]
    for edge in edges:
        p.line([(at(edge), 48), (at(edge), 236)], "s-soft", 1.2, dash="4 4")
    for row, (start, shade) in enumerate(zip(starts, shades)):
        y = 58 + 34 * row
        p.box(at(start), y, at(start + 53) - at(start), 22, f"f-p{shade}", f"s-{shade}")
        for edge in edges:
            if start < edge < start + 53:
                p.line([(at(edge), y), (at(edge), y + 22)], f"s-{shade}", 2.2)
        p.text(at(start) + 8, y + 15.5, f"x{'₁₂₃'[row]}", 13, style=f"t-{shade}")
    for index in range(3):
        x, width = at(edges[index]), at(edges[index + 1]) - at(edges[index])
        p.text(x + width / 2, 180, f"limb {index}", 12, "middle", "soft")
        p.box(x + 4, 190, width - 8, 34, "f-card", "s-ink", 4, 1.5)
        held = [f"x{'₁₂₃'[row]}" for row, start in enumerate(starts) if start < edges[index + 1] and start + 53 > edges[index]]
        p.text(x + width / 2, 211.5, " + ".join(held) + ", as whole numbers", 12.5, "middle")
    for edge, name in zip(edges, ["E", "E-50", "E-100", "E-150"]):
        p.text(at(edge), 250, "2", 12, "middle", "soft")
        p.text(at(edge) + 5, 244, name, 9, style="soft")
    p.line([(at(75), 256), (at(75), 282)], "s-ink", arrow=True)
    p.box(at(75) - 220, 286, 440, 34, "f-p3", "s-3")
    p.text(at(75), 308, "mean = exact sum / number of members, rounded once", 13, "middle", bold=True)
    p.text(30, 348, "Integers have no order: threads, blocks, chunks and ranks merge by plain addition, and a point that moves is taken out of", 12, style="soft")
    p.text(30, 363, "one cluster's sums and put into another's without a trace.", 12, style="soft")
    return p


def lloyd(points, centers, iterations):
    """Lloyd's iteration with one margin a point: what each pass tested, and every margin before it."""
    found, margins, current = [], [0.0] * len(points), list(centers)
    chosen = [0] * len(points)
    for _ in range(iterations):
        looked = 0
        before = list(margins)
        for i, point in enumerate(points):
            if margins[i] <= 0.0:
                looked += 1
                distances = squares(point, current)
                chosen[i] = distances.index(min(distances))
                least, second = sorted(distances)[:2]
                margins[i] = math.sqrt(second) - math.sqrt(least)
        found.append((looked, before, list(margins)))
        moved = []
        for j, (x, y) in enumerate(current):
            members = [point for i, point in enumerate(points) if chosen[i] == j]
            if members:
                mean = (sum(m[0] for m in members) / len(members), sum(m[1] for m in members) / len(members))
                moved.append(math.sqrt((mean[0] - x) ** 2 + (mean[1] - y) ** 2))
                current[j] = mean
            else:
                moved.append(0.0)
        for i in range(len(points)):
            others = max(move for j, move in enumerate(moved) if j != chosen[i])
            margins[i] -= moved[chosen[i]] + others
    return found


def margins():
    p = Picture(900, 330, "Margins", "How a point's margin falls as centers move, and how many points each pass tests.")
    random = Random(10)
    points = [(random.unit(), random.unit()) for _ in range(600)]
    starts = [(0.30, 0.35), (0.44, 0.30), (0.60, 0.40), (0.45, 0.52), (0.62, 0.62), (0.20, 0.70), (0.70, 0.20)]
    passes = 14
    run = lloyd(points, starts, passes)
    left, top, width, height = 60, 58, 380, 206
    p.text(30, 36, "the margins of three points, pass by pass", 13, bold=True)
    p.line([(left, top), (left, top + height), (left + width, top + height)], "s-rule", 1.2)
    renewals = [sum(after[i] != before[i] for _, before, after in run[1:]) for i in range(len(points))]
    starting = [run[1][2][i] for i in range(len(points))]
    few = max(range(len(points)), key=lambda i: starting[i] if renewals[i] <= 1 else 0.0)
    some = max(range(len(points)), key=lambda i: starting[i] if renewals[i] == 3 else 0.0)
    often = max(range(len(points)), key=lambda i: starting[i] if renewals[i] == 8 else 0.0)
    most = 1.1 * max(max(after[i] for _, _, after in run) for i in (few, some, often))

    def at(turn, margin):
        return left + width * turn / (passes - 1), top + height * (1 - min(max(margin, 0.0), most) / most)

    for index, style in [(few, "0"), (some, "2"), (often, "4")]:
        track = []
        for turn, (_, before, after) in enumerate(run):
            if turn and after[index] != before[index]:
                track.append(at(turn, before[index]))
                p.dot(*at(turn, after[index]), 4.2, f"f-{style}")
            track.append(at(turn, after[index]))
        p.line(track, f"s-{style}", 2)
    p.lines(left + width / 2, top + height + 22, ["pass"], anchor="middle")
    p.text(left, top + height + 22, "1", 12, "middle", "soft")
    p.text(left + width, top + height + 22, str(passes), 12, "middle", "soft")
    p.text(left - 8, top + height + 4, "0", 12, "end", "soft")
    p.text(30, 312, "A margin loses what its center moved and the farthest move of any other; a dot: the point was tested again.", 12, style="soft")
    # Bars.
    left, width = 520, 350
    p.text(490, 36, f"points tested, of {len(points)}", 13, bold=True)
    bar = width / passes
    for turn, (looked, _, _) in enumerate(run):
        tall = height * looked / len(points)
        p.box(left + bar * turn, top, bar - 4, height, "f-cell", radius=2)
        p.box(left + bar * turn, top + height - tall, bar - 4, tall, "f-5", radius=2)
        p.text(left + bar * turn + (bar - 4) / 2, top + height + 16, str(looked), 9, "middle", "soft")
    return p


def threads():
    p = Picture(900, 300, "Threads, stretches and blocks", "Points cut into stretches of blocks, which threads take as they come, and sums that are merged.")
    p.text(30, 36, "the points, in stretches of up to 4096, each a few blocks", 13, bold=True)
    x, taken = 30, [0, 1, 2, 1, 0, 2, 1, 0]
    for stretch in range(8):
        shade = "025"[taken[stretch]]
        for block in range(4):
            p.box(x, 50, 23, 34, f"f-p{shade}", f"s-{shade}", 2)
            x += 25
        x += 6
    p.text(30, 104, "A block is what a cache holds: it is transposed, labelled and summed before the next one comes.", 12, style="soft")
    for thread in range(3):
        shade = "025"[thread]
        y = 128 + 44 * thread
        p.box(30, y, 112, 32, f"f-p{shade}", f"s-{shade}", 5)
        p.text(86, y + 21, ["the caller", "thread 2", "thread 3"][thread], 13, "middle")
        p.line([(142, y + 16), (178, y + 16)], f"s-{shade}", arrow=True)
        start = 188
        for turn in [t for t in range(8) if taken[t] == thread]:
            p.box(start, y + 3, 78, 26, f"f-p{shade}")
            p.text(start + 39, y + 20.5, f"stretch {turn + 1}", 12, "middle")
            start += 84
        p.line([(start + 2, y + 16), (500, y + 16)], "s-rule", 1.2, arrow=True)
        p.box(508, y, 120, 32, "f-p3", "s-3", 5)
        p.text(568, y + 21, "sums of its own", 12.5, "middle")
        p.line([(628, y + 16), (690, 188)], "s-3", 1.5, arrow=True)
    p.box(694, 160, 176, 56, "f-p3", "s-3", 5, 2)
    p.text(782, 184, "sums of all points", 13, "middle", bold=True)
    p.text(782, 203, "integers: any order", 12, "middle", "soft")
    p.text(30, 282, "Whichever thread asks first gets the next stretch. What it computes is one point's, an exact sum, or a maximum, so it does not matter which.", 12, style="soft")
    return p


def streams():
    p = Picture(900, 312, "Streams", "Chunks give ranges and sums, which any engine reduces; a step makes centers of them.")
    for chunk in range(3):
        y = 48 + 70 * chunk
        p.box(30, y, 128, 50, "f-p0", "s-0", 5)
        p.text(94, y + 22, ["chunk of a file", "rank of a cluster", "partition"][chunk], 12.5, "middle", bold=True)
        p.text(94, y + 39, "points", 12, "middle", "soft")
        p.line([(158, y + 25), (218, y + 25)], "s-ink", arrow=True)
        p.box(222, y, 92, 22, "f-p1", "s-1", 4)
        p.text(268, y + 15.5, "range", 12, "middle")
        p.box(222, y + 28, 92, 22, "f-p3", "s-3", 4)
        p.text(268, y + 43.5, "sums", 12, "middle")
        p.line([(314, y + 11), (414, 72 + 8 * chunk)], "s-1", 1.3, arrow=True)
        p.line([(314, y + 39), (414, 178 + 8 * chunk)], "s-3", 1.3, arrow=True)
    p.box(420, 58, 150, 46, "f-p1", "s-1", 5, 2)
    p.text(495, 78, "element-wise MAX", 13, "middle", bold=True)
    p.text(495, 95, "once", 12, "middle", "soft")
    p.box(420, 166, 150, 46, "f-p3", "s-3", 5, 2)
    p.text(495, 186, "element-wise SUM", 13, "middle", bold=True)
    p.text(495, 203, "every iteration", 12, "middle", "soft")
    p.line([(495, 104), (495, 162)], "s-1", 1.3, arrow=True)
    p.text(503, 138, "places of the limbs", 12, style="soft")
    p.line([(570, 189), (640, 189)], "s-ink", arrow=True)
    p.box(644, 158, 108, 62, "f-p2", "s-2", 5)
    p.text(698, 184, "step", 13, "middle", bold=True)
    p.text(698, 203, "means, or done", 12, "middle", "soft")
    p.line([(752, 189), (780, 189)], "s-ink", arrow=True)
    p.box(784, 164, 86, 50, "f-p0", "s-0", 5)
    p.text(827, 194, "centers", 13, "middle", bold=True)
    p.line([(827, 214), (827, 268), (94, 268), (94, 242)], "s-0", 1.5, arrow=True, dash="5 4")
    p.text(460, 288, "the same everywhere, bit for bit those of a fit of all points in one array", 12, "middle", "soft")
    p.text(30, 34, "any engine's plain reductions of integers join the chunks", 13, bold=True)
    return p


DRAWINGS = [whole, labels, test, distance, lanes, limbs, margins, threads, streams]


def main():
    here = pathlib.Path(__file__).resolve().parent
    dark = "--dark" in sys.argv
    folder = pathlib.Path(sys.argv[-1]) if dark else here
    stale = []
    for drawing in DRAWINGS:
        path, text = folder / f"{drawing.__name__}.svg", drawing().svg(dark)
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"{', '.join(stale)}: not what draw.py makes; `make drawings` writes them anew")


if __name__ == "__main__":
    main()
