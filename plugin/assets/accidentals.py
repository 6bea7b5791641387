"""Draws accidentals.ttf, the signs ♭, ♮ and ♯, which the window's other fonts lack.

Needs fonttools: pip install fonttools; python3 accidentals.py accidentals.ttf
"""

import sys

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

THIN = 62


def glyph(*shapes):
    pen = TTGlyphPen(None)
    for shape in shapes:
        shape(pen)
    return pen.glyph()


def corners(*points):
    def draw(pen):
        pen.moveTo(points[0])
        for point in points[1:]:
            pen.lineTo(point)
        pen.closePath()

    return draw


def stem(x, low, high):
    return corners((x, low), (x, high), (x + THIN, high), (x + THIN, low))


def bar(left, right, y, rise, thick):
    return corners((left, y), (left, y + thick), (right, y + thick + rise), (right, y + rise))


def bowl(pen):
    pen.moveTo((130, 60))
    pen.lineTo((130, 360))
    pen.qCurveTo((200, 440), (290, 440))
    pen.qCurveTo((400, 440), (400, 320))
    pen.qCurveTo((400, 150), (130, -30))
    pen.closePath()


def hole(pen):
    # The other way round, so that it is left out.
    pen.moveTo((140, 60))
    pen.qCurveTo((325, 190), (325, 310))
    pen.qCurveTo((325, 375), (265, 375))
    pen.qCurveTo((200, 375), (140, 300))
    pen.closePath()


SHARP = glyph(
    stem(170, -70, 690), stem(330, -40, 720), bar(80, 480, 180, 70, 85), bar(80, 480, 390, 70, 85)
)
FLAT = glyph(stem(80, -30, 800), bowl, hole)
NATURAL = glyph(
    stem(90, 150, 760), stem(290, -110, 500), bar(90, 352, 150, 50, 80), bar(90, 352, 390, 50, 80)
)

names = {0x266D: "flat", 0x266E: "natural", 0x266F: "sharp"}
builder = FontBuilder(1000, isTTF=True)
builder.setupGlyphOrder([".notdef", *names.values()])
builder.setupCharacterMap(names)
builder.setupGlyf({".notdef": glyph(), "flat": FLAT, "natural": NATURAL, "sharp": SHARP})
builder.setupHorizontalMetrics({".notdef": (500, 0), "flat": (460, 80), "natural": (440, 90), "sharp": (560, 80)})
builder.setupHorizontalHeader(ascent=932, descent=-236)
builder.setupNameTable({"familyName": "Segue Accidentals", "styleName": "Regular"})
builder.setupOS2(sTypoAscender=932, sTypoDescender=-236, usWinAscent=932, usWinDescent=236)
builder.setupPost()
builder.save(sys.argv[1])
