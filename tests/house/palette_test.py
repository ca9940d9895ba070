"""Holds the colours of pictures (lib/report/page): readable on their background, apart for readers with any kind of colour blindness, and
the same on paper as in a light page.

  palette_test.py SOURCE_DIR
"""

import itertools
import pathlib
import re
import sys
import unittest

SOURCE = pathlib.Path(sys.argv.pop())

# Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision Deficiency (2009), severity 1.0, linear RGB.
VISION = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# Together in one picture: the causes, the kinds of time, the gate's verdicts, a front, nodes of small clusters.
TOGETHER = [("c1", "c2", "c4", "c5", "neutral"), ("c1", "c2", "c4"), ("c2", "c3", "neutral", "c4", "c5"), ("c1", "c2", "c3", "c4")]
LEAST_CONTRAST = 3.0  # WCAG 2.2, 1.4.11 non-text contrast
LEAST_TEXT_CONTRAST = 4.5  # 1.4.3
LEAST_DISTANCE = 15.0  # CIE76; 2.3 is just noticeable


def linear(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def seen(colour, vision):
    rgb = linear(colour)
    return [min(1, max(0, sum(weight * part for weight, part in zip(row, rgb)))) for row in VISION[vision]]


def luminance(colour):
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def lab(rgb):
    matrix = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
    white = (0.95047, 1.0, 1.08883)
    f = [
        value ** (1 / 3) if value > 216 / 24389 else (24389 / 27 * value + 16) / 116
        for value in (sum(w * p for w, p in zip(row, rgb)) / w0 for row, w0 in zip(matrix, white))
    ]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def distance(one, other, vision):
    return sum((a - b) ** 2 for a, b in zip(lab(seen(one, vision)), lab(seen(other, vision)))) ** 0.5


def themes():
    blocks = re.findall(r":root \{(.*?)\}", (SOURCE / "lib/report/page/page.css").read_text(), re.DOTALL)
    found = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    return dict(zip(("light", "dark", "print"), found, strict=True))


class Palette(unittest.TestCase):
    def test_marks_stand_out_from_the_background(self):
        for theme, colours in themes().items():
            for role in ("c1", "c2", "c3", "c4", "c5", "c6", "c7", "neutral"):
                for background in ("surface", "panel"):
                    ratio = contrast(colours[role], colours[background])
                    self.assertGreaterEqual(ratio, LEAST_CONTRAST, f"{theme}: {role} on {background}")

    def test_text_is_readable(self):
        for theme, colours in themes().items():
            for role in ("ink", "muted", "accent"):
                for background in ("surface", "panel"):
                    ratio = contrast(colours[role], colours[background])
                    self.assertGreaterEqual(ratio, LEAST_TEXT_CONTRAST, f"{theme}: {role} on {background}")

    def test_colours_that_meet_keep_apart_for_every_reader(self):
        for theme, colours in themes().items():
            for together in TOGETHER:
                for one, other in itertools.combinations(together, 2):
                    for vision in VISION:
                        apart = distance(colours[one], colours[other], vision)
                        self.assertGreaterEqual(apart, LEAST_DISTANCE, f"{theme}, {vision}: {one} and {other}")

    def test_paper_is_like_a_light_page(self):
        found = themes()
        self.assertEqual({k: v for k, v in found["print"].items() if re.match(r"c\d|neutral|ink", k)},
                         {k: v for k, v in found["light"].items() if re.match(r"c\d|neutral|ink", k)})
        script = (SOURCE / "lib/report/page/drawing.js").read_text()
        paper = dict(re.findall(r"(\w+): \"(#[0-9a-f]{6})\"", script))
        for role, colour in paper.items():
            self.assertEqual(colour, found["light"][role.replace("_", "-")], role)
        self.assertGreaterEqual(len(paper), 13)


if __name__ == "__main__":
    unittest.main()
