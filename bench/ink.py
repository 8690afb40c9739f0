#!/usr/bin/python3
"""How well digits are found and read that are not MNIST's: drawings and photos, and what can happen to them.

usage: ink.py MODEL FOLDER [--only KIND[,KIND...]] [--limit N] [--show FILE.png] [--program PATH] [--seed N]

FOLDER holds manifest.csv (file,label,kind,polarity; kinds canvas and photo) and the pictures it names. From them the
kinds below are made in a temporary folder and given to `tenfold predict MODEL ... --json`. Printed is the share that is
read rightly, how many had the wrong number of digits, and what the network got wrong. --show keeps the failures, each
beside what the model saw, on one sheet. Wants numpy and Pillow.
"""
import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def grey(picture):
    return np.asarray(picture.convert("L"), dtype=np.float32)


def picture(values):
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def cover(source):
    """How much ink lies on each pixel of a canvas, 0 to 1."""
    return grey(source) / 255


def mix(ink, ground, colour):
    """Ink of a colour on a ground; both may be pictures or colours."""
    ink = ink[..., None]
    return picture(ink * np.asarray(colour, np.float32) + (1 - ink) * np.asarray(ground, np.float32))


def placed(ink, size, scale, at=(0.5, 0.5), angle=0.0):
    """The ink scaled, turned and put on an empty sheet of size (height, width), its box's middle at a share of it."""
    source = Image.fromarray((ink * 255).astype(np.uint8))
    if angle:
        source = source.rotate(angle, resample=Image.BICUBIC, expand=True)
    source = source.crop(source.point(lambda v: 255 * (v > 30)).getbbox())
    source = source.resize((max(1, round(source.width * scale)), max(1, round(source.height * scale))), Image.LANCZOS)
    sheet = Image.new("L", (size[1], size[0]), 0)
    x = int(np.clip(at[0] * size[1] - source.width / 2, 2, max(2, size[1] - source.width - 2)))
    y = int(np.clip(at[1] * size[0] - source.height / 2, 2, max(2, size[0] - source.height - 2)))
    sheet.paste(source, (x, y))
    return np.asarray(sheet, dtype=np.float32) / 255


def pen(ink, change):
    """Strokes wider or narrower by so many pixels on each side: the largest or smallest value on a disc."""
    most, radius = np.maximum if change > 0 else np.minimum, abs(change)
    padded, out = np.pad(ink, radius), ink
    for part in (1, 0.6):
        for turn in np.linspace(0, 2 * np.pi, 24, endpoint=False):
            y, x = radius + round(part * radius * np.sin(turn)), radius + round(part * radius * np.cos(turn))
            out = most(out, padded[y : y + ink.shape[0], x : x + ink.shape[1]])
    return out


def smooth_noise(rng, size, scale):
    small = rng.normal(size=(size[0] // scale + 2, size[1] // scale + 2)).astype(np.float32)
    large = Image.fromarray(small).resize((size[1], size[0]), Image.BICUBIC)
    return np.asarray(large)


def paper(rng, size, shade=225, light=0.15, fibre=2.0, noise=2.5):
    """Paper under uneven light: a slope, a vignette, fibre and the camera's noise."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    y, x = y / size[0] - 0.5, x / size[1] - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    lit = 1 + light * (np.cos(turn) * x + np.sin(turn) * y) - light * (x * x + y * y)
    return shade * lit + fibre * smooth_noise(rng, size, 3) + rng.normal(scale=noise, size=size)


def shadow(rng, size, softness=None):
    """What a shadow leaves of the light, 0.45 to 1: a half plane with an edge of a few pixels."""
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    turn, off = rng.uniform(0, 2 * np.pi), rng.uniform(-0.25, 0.25) * min(size)
    far = np.cos(turn) * (x - size[1] / 2) + np.sin(turn) * (y - size[0] / 2) + off
    soft = softness if softness else rng.uniform(2, 12)
    return 1 - rng.uniform(0.3, 0.55) * (0.5 + 0.5 * np.tanh(far / soft / 2))


def rules(rng, size, squared=True, step=None, thickness=None):
    """Printed lines, a little turned: how much of their ink lies on each pixel."""
    step = step or rng.uniform(22, 40)
    thickness = thickness or rng.uniform(1, 2.2)
    turn = np.deg2rad(rng.uniform(-2.5, 2.5))
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    u, v = np.cos(turn) * x + np.sin(turn) * y, -np.sin(turn) * x + np.cos(turn) * y
    lines = np.zeros(size, np.float32)
    for along in (u, v) if squared else (v,):
        far = np.abs((along + rng.uniform(0, step)) % step - step / 2)
        lines = np.maximum(lines, np.clip(thickness / 2 + 0.5 - far, 0, 1))
    return lines


def jpeg(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


def on_paper(rng, ink, ruled=None, shaded=False, level=None, blur=0.6):
    """Ink on paper as a phone sees it."""
    level = level if level is not None else rng.uniform(0.15, 0.5)
    ground = paper(rng, ink.shape)
    left = np.ones(ink.shape, np.float32)
    if ruled:
        left *= 1 - rng.uniform(0.15, 0.35) * rules(rng, ink.shape, ruled == "squared")
    left *= 1 - (1 - level) * ink
    if shaded:
        left *= shadow(rng, ink.shape)
    left = picture(255 * left).filter(ImageFilter.GaussianBlur(blur))
    return picture(ground * grey(left) / 255)


# ---- Kinds: name -> (what it is made of, maker) -----------------------------------------------------------------

CANVAS = {
    "canvas": lambda rng, s: s,
    "inverted": lambda rng, s: picture(255 - grey(s)),
    "thin": lambda rng, s: picture(255 * pen(cover(s), -7)),
    "thick": lambda rng, s: picture(255 * pen(cover(s), 6)),
    "tiny": lambda rng, s: picture(255 * placed(cover(s), (280, 280), rng.uniform(0.12, 0.25), rng.uniform(0.1, 0.9, 2))),
    "huge": lambda rng, s: picture(255 * placed(cover(s), (280, 280), 272 / max(bounds(s)))),
    "off-centre": lambda rng, s: picture(255 * placed(cover(s), (280, 280), 0.7, rng.choice([0.0, 1.0], 2))),
    "rotated": lambda rng, s: picture(255 * placed(cover(s), (280, 280), 0.8, angle=rng.choice([-15, 15]))),
    "blue on white": lambda rng, s: mix(cover(s), (255, 255, 255), (20, 30, 120)),
    "yellow on black": lambda rng, s: mix(cover(s), (0, 0, 0), (250, 230, 30)),
    "yellow on white": lambda rng, s: mix(cover(s), (255, 255, 255), (255, 235, 60)),
    "red on grey": lambda rng, s: mix(cover(s), (128, 128, 128), (215, 60, 50)),
    "green on red": lambda rng, s: mix(cover(s), (200, 60, 60), (30, 125, 40)),
    "paper": lambda rng, s: on_paper(rng, pen(cover(s), -4)),
    "pencil": lambda rng, s: on_paper(rng, pen(cover(s), -6), level=rng.uniform(0.6, 0.75)),
    "shadow": lambda rng, s: on_paper(rng, pen(cover(s), -5), shaded=True),
    "squared": lambda rng, s: on_paper(rng, pen(cover(s), -5), ruled="squared"),
    "ruled": lambda rng, s: on_paper(rng, pen(cover(s), -5), ruled="ruled"),
    "squared, shadow": lambda rng, s: on_paper(rng, pen(cover(s), -5), ruled="squared", shaded=True),
    "noise": lambda rng, s: picture(grey(s) * 0.5 + 60 + rng.normal(scale=18, size=(s.height, s.width))),
    "jpeg": lambda rng, s: jpeg(on_paper(rng, pen(cover(s), -4)), 25),
    "blur": lambda rng, s: on_paper(rng, pen(cover(s), -4), blur=6),
    "specks": lambda rng, s: specks(rng, s),
    "small scan": lambda rng, s: on_paper(rng, placed(cover(s), (40, 40), 26 / max(bounds(s)))),
    "tight 16x16": lambda rng, s: tight(rng, cover(s), 16, rng.integers(0, 2)),
    "tight": lambda rng, s: tight(rng, cover(s), int(rng.integers(24, 100)), rng.integers(0, 4)),
    "on a table": lambda rng, s: on_table(rng, pen(cover(s), -5)),
    "one line": lambda rng, s: one_line(rng, s),
    "framed": lambda rng, s: framed(rng, cover(s)),
    "phone": lambda rng, s: jpeg(on_paper(rng, placed(pen(cover(s), -4), (900, 1200), rng.uniform(0.5, 1.5),
                                                      rng.uniform(0.3, 0.7, 2)), shaded=True), 70),
}


def bounds(source):
    box = source.convert("L").point(lambda v: 255 * (v > 30)).getbbox()
    return box[2] - box[0], box[3] - box[1]


def specks(rng, source):
    image = picture(255 - grey(source) * 0.8)
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        x, y, r = rng.integers(0, 276), rng.integers(0, 276), rng.uniform(0.5, 2.5)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=int(rng.integers(30, 120)))
    return image


def tight(rng, ink, side, margin):
    """Cut to the ink, with a margin of so many pixels; dark on light half of the time."""
    box = bounds(Image.fromarray((255 * ink).astype(np.uint8)))
    small = placed(ink, (side, max(5, round(side * box[0] / box[1]) if side != 16 else 16)), 1)
    source = Image.fromarray((255 * ink).astype(np.uint8))
    source = source.crop(source.point(lambda v: 255 * (v > 30)).getbbox())
    inner = (max(3, small.shape[1] - 2 * margin), side - 2 * margin)
    if side == 16:
        inner = (max(3, round(inner[1] * min(1, box[0] / box[1]))), inner[1])
    values = np.zeros((side, inner[0] + 2 * margin), np.float32)
    values[margin : margin + inner[1], margin : margin + inner[0]] = grey(source.resize(inner, Image.BOX))
    return picture(values if rng.integers(0, 2) else 255 - values * 0.8)


def on_table(rng, ink):
    """A sheet of paper on a dark or light table, seen a little askew."""
    sheet = grey(on_paper(rng, ink))
    table = paper(rng, (420, 520), shade=rng.choice([60, 110, 150]), fibre=5)
    mask = Image.new("L", (520, 420), 0)
    whole = Image.new("L", (520, 420), 0)
    whole.paste(picture(sheet), (120, 70))
    mask.paste(255, (120, 70, 400, 350))
    turn = rng.uniform(-6, 6)
    whole, mask = whole.rotate(turn, Image.BICUBIC), mask.rotate(turn, Image.BICUBIC)
    share = grey(mask) / 255
    return picture(grey(whole) * share + table * (1 - share))


def one_line(rng, source):
    image = on_paper(rng, pen(cover(source), -5))
    draw = ImageDraw.Draw(image)
    y = int(rng.uniform(0.6, 0.95) * image.height)
    draw.line((0, y, image.width, y + int(rng.integers(-6, 7))), fill=int(rng.integers(90, 170)), width=int(rng.integers(1, 4)))
    return image


def framed(rng, ink):
    """In a printed box, as forms have them."""
    size = (300, 260)
    sheet = placed(ink, size, rng.uniform(140, 200) / max(bounds(Image.fromarray((255 * ink).astype(np.uint8)))),
                   rng.uniform(0.45, 0.55, 2))
    image = picture(255 - 200 * sheet)
    ImageDraw.Draw(image).rectangle((20, 20, 240, 280), outline=60, width=int(rng.integers(2, 5)))
    return image


def enlarged(source, factor):
    return source.convert("L").resize((source.width * factor, source.height * factor), Image.BICUBIC)


PHOTO = {
    "photo": lambda rng, s: s,
    "photo, inverted": lambda rng, s: picture(255 - grey(s)),
    "photo x6, noise": lambda rng, s: picture(grey(enlarged(s, 6)) + rng.normal(scale=5, size=(s.height * 6, s.width * 6))),
    "photo x6, shadow": lambda rng, s: picture(grey(enlarged(s, 6)) * shadow(rng, (s.height * 6, s.width * 6))),
    "photo x6, squared": lambda rng, s: picture(
        grey(enlarged(s, 6)) * (1 - 0.25 * rules(rng, (s.height * 6, s.width * 6), True))),
    "photo, jpeg": lambda rng, s: jpeg(s.convert("L"), 40),
}


def side_by_side(rng, sources):
    """Canvases' inks in a row, their sizes and heights a little different."""
    height, ink, x = 280, [], 20
    for source in sources:
        scale = rng.uniform(110, 160) / max(bounds(source))
        one = placed(cover(source), (height, 400), scale, (0.5, rng.uniform(0.42, 0.58)))
        columns = np.flatnonzero(one.max(axis=0) > 0.05)
        ink.append(one[:, columns[0] : columns[-1] + 1])
    gaps = [rng.uniform(8, 40) for _ in ink]
    sheet = np.zeros((height, int(sum(i.shape[1] for i in ink) + sum(gaps) + 60)), np.float32)
    for one, gap in zip(ink, gaps):
        sheet[:, int(x) : int(x) + one.shape[1]] = np.maximum(sheet[:, int(x) : int(x) + one.shape[1]], one)
        x += one.shape[1] + gap
    return sheet


def photos_side_by_side(rng, sources):
    """Photos in a row, each brought to the same ground."""
    height = max(s.height for s in sources) + 4
    parts = []
    for source in sources:
        values = grey(source)
        ground = np.median(np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]]))
        full = np.full((height, source.width), 200, np.float32)
        full[2 : 2 + source.height] = values * 200 / ground
        parts.append(full)
    return picture(np.concatenate(parts, axis=1))


SEVERAL = {
    "three": ("canvas", lambda rng, s: picture(255 * side_by_side(rng, s))),
    "three on paper": ("canvas", lambda rng, s: on_paper(rng, pen(side_by_side(rng, s), -2))),
    "three on squares": ("canvas", lambda rng, s: on_paper(rng, pen(side_by_side(rng, s), -2), ruled="squared")),
    "three photos": ("photo", photos_side_by_side),
}


def empty(rng, i):
    size = (int(rng.integers(60, 400)), int(rng.integers(60, 400)))
    what = i % 8
    if what == 0:
        return picture(np.full(size, rng.integers(0, 256)) + rng.normal(scale=rng.uniform(0, 12), size=size))
    if what == 1:
        return picture(paper(rng, size, fibre=rng.uniform(1, 8), light=0.4))
    if what == 2:
        return picture(paper(rng, size) * shadow(rng, size))
    if what == 3:
        return picture(paper(rng, size) * (1 - 0.4 * rules(rng, size, True)))
    if what == 4:
        return picture(paper(rng, size) * (1 - 0.4 * rules(rng, size, False)))
    if what == 5:
        return picture(paper(rng, size) * (1 - 0.4 * rules(rng, size, True)) * shadow(rng, size))
    if what == 6:
        return jpeg(picture(paper(rng, size, shade=120) * shadow(rng, size)), 30)
    return picture(255 - 200 * rules(rng, size, True, thickness=1))


# ---- Running ------------------------------------------------------------------------------------------------------


def load(folder, kind, limit):
    with open(os.path.join(folder, "manifest.csv"), newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == kind]
    if limit:
        rows = rows[:: max(1, len(rows) // limit)]
    return [(row["label"], Image.open(os.path.join(folder, row["file"])).convert("L")) for row in rows]


def predict(program, model, paths):
    answer = subprocess.run([program, "predict", model, *paths, "--json", "--quiet"], capture_output=True, text=True)
    if answer.returncode:
        sys.exit(answer.stderr)
    return json.loads(answer.stdout)["results"]


def make(kind, options, rng, sources):
    """(truth, picture) of a kind."""
    if kind == "empty":
        return [("", empty(rng, i)) for i in range(options.limit or 160)]
    if kind in SEVERAL:
        of, maker = SEVERAL[kind]
        some = []
        for _ in range(len(sources[of]) // 2):
            picked = [sources[of][i] for i in rng.choice(len(sources[of]), 3, replace=False)]
            some.append(("".join(label for label, _ in picked), maker(rng, [s for _, s in picked])))
        return some
    of, maker = ("canvas", CANVAS[kind]) if kind in CANVAS else ("photo", PHOTO[kind])
    return [(label, maker(rng, source)) for label, source in sources[of]]


def tile(image, truth, result):
    """A failure: the picture, what the model saw, and the labels."""
    sheet = Image.new("RGB", (196, 128), (90, 90, 90))
    copy = image.convert("RGB")
    copy.thumbnail((124, 110))
    if max(copy.size) < 100:
        factor = 100 // max(copy.size)
        copy = copy.resize((copy.width * factor, copy.height * factor), Image.NEAREST)
    sheet.paste(copy, (0, 0))
    for i, digit in enumerate(result["digits"][:3]):
        seen = np.array(digit["seen"], np.uint8).reshape(28, 28)
        size = 64 if len(result["digits"]) == 1 else 36
        sheet.paste(Image.fromarray(seen).resize((size, size), Image.NEAREST), (128, i * 37))
    ImageDraw.Draw(sheet).text((2, 114), f"{truth or 'none'} read as {result['number'] or 'none'}", fill=(255, 255, 0))
    return sheet


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model")
    parser.add_argument("folder")
    parser.add_argument("--only", help="kinds, with commas between them (those with a comma: with a semicolon)")
    parser.add_argument("--limit", type=int, help="about so many pictures of each kind")
    parser.add_argument("--show", help="a picture of the failures")
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "tenfold"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sources = {kind: load(options.folder, kind, options.limit) for kind in ("canvas", "photo")}
    kinds = [*CANVAS, *PHOTO, *SEVERAL, "empty"]
    if options.only:
        wanted = options.only.split(";" if ";" in options.only else ",")
        kinds = [kind for kind in kinds if kind in wanted]
    failures = []
    print(f"| kind | pictures | right | wrong count | misread |\n| --- | --- | --- | --- | --- |")
    for kind in kinds:
        rng = np.random.default_rng([options.seed, sum(map(ord, kind))])
        made = make(kind, options, rng, sources)
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, f"{i}.png") for i in range(len(made))]
            for path, (_, image) in zip(paths, made):
                image.save(path, compress_level=1)
            results = predict(options.program, options.model, paths)
        count = misread = 0
        for (truth, image), result in zip(made, results):
            if result["number"] == truth:
                continue
            wrong_count = len(result["digits"]) != len(truth)
            count += wrong_count
            misread += not wrong_count
            failures.append(tile(image, truth, result))
        right = 100 * (1 - (count + misread) / len(made))
        print(f"| {kind} | {len(made)} | {right:.1f} % | {count} | {misread} |", flush=True)
    if options.show and failures:
        columns = 8
        sheet = Image.new("RGB", (columns * 200, (len(failures) + columns - 1) // columns * 132))
        for i, failure in enumerate(failures):
            sheet.paste(failure, (i % columns * 200, i // columns * 132))
        sheet.save(options.show)


if __name__ == "__main__":
    main()
