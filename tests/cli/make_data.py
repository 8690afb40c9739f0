#!/usr/bin/env python3
"""Makes the small files that the command-line tests work on, and damages them.

make_data.py tiny DIR                  300 + 100 drawn digits as the four IDX files, always the same bytes
make_data.py cut FILE BYTES            keeps the first BYTES bytes (negative: all but the last so many)
make_data.py poke FILE OFFSET HEX      puts bytes at an offset (negative: from the end)
make_data.py label LABELS INDEX        prints one label of an IDX file
make_data.py png OUT IMAGES INDEX [ink|paper]  one image of an IDX file as a PNG, three times as large: light ink on
                                       black, or black ink on paper
make_data.py row OUT IMAGES INDEX...    several of them side by side, black ink on paper
make_data.py squares OUT               squared paper with nothing on it
make_data.py blank OUT                 a white PNG with nothing on it
make_data.py size PNG                  prints width, height and whether there are colours
make_data.py tamper MODEL OLD NEW      replaces text in a safetensors header, keeping its length right
"""
import gzip
import random
import struct
import sys
import zlib

SIDE = 28
# the strokes of each digit: lines through points in a square of 0..1, y downwards
STROKES = {
    0: [[(.5, .05), (.2, .25), (.2, .75), (.5, .95), (.8, .75), (.8, .25), (.5, .05)]],
    1: [[(.35, .2), (.55, .05), (.55, .95)]],
    2: [[(.2, .25), (.45, .05), (.75, .2), (.7, .45), (.2, .95), (.8, .95)]],
    3: [[(.2, .1), (.7, .1), (.45, .45), (.8, .7), (.5, .95), (.2, .85)]],
    4: [[(.6, .95), (.6, .05), (.2, .65), (.85, .65)]],
    5: [[(.8, .05), (.3, .05), (.25, .45), (.65, .45), (.8, .7), (.55, .95), (.2, .9)]],
    6: [[(.7, .05), (.3, .4), (.2, .75), (.5, .95), (.8, .75), (.55, .5), (.25, .65)]],
    7: [[(.2, .05), (.8, .05), (.4, .95)]],
    8: [[(.5, .5), (.25, .25), (.5, .05), (.75, .25), (.5, .5), (.2, .75), (.5, .95), (.8, .75), (.5, .5)]],
    9: [[(.75, .35), (.45, .5), (.25, .25), (.5, .05), (.75, .2), (.75, .5), (.6, .95)]],
}


def stamp(pixels, x, y, radius):
    """Darkens the pixels around a point; the ink fades over the last pixel of the radius."""
    for row in range(max(0, int(y - radius)), min(SIDE, int(y + radius) + 2)):
        for column in range(max(0, int(x - radius)), min(SIDE, int(x + radius) + 2)):
            distance = ((row - y) ** 2 + (column - x) ** 2) ** 0.5
            ink = int(255 * min(1, max(0, radius + 0.5 - distance)))
            at = row * SIDE + column
            pixels[at] = max(pixels[at], ink)


def draw(digit, rng):
    pixels = bytearray(SIDE * SIDE)
    width, height = rng.uniform(11, 18), rng.uniform(16, 20)
    slant, left, top = rng.uniform(-0.35, 0.35), rng.uniform(-2, 2), rng.uniform(-2, 2)
    radius = rng.uniform(0.7, 1.5)
    for stroke in STROKES[digit]:
        points = []
        for x, y in stroke:
            x, y = x + rng.uniform(-.09, .09), y + rng.uniform(-.07, .07)
            points.append((14 + left + width * (x - .5 - slant * (y - .5)), 14 + top + height * (y - .5)))
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            for step in range(13):
                stamp(pixels, x0 + (x1 - x0) * step / 12, y0 + (y1 - y0) * step / 12, radius)
    return bytes(pixels)


def make_tiny(folder):
    rng = random.Random(10)
    for name, count in (("train", 300), ("t10k", 100)):
        labels = bytes(i % 10 for i in range(count))
        images = b"".join(draw(label, rng) for label in labels)
        with open(f"{folder}/{name}-images-idx3-ubyte", "wb") as file:
            file.write(struct.pack(">4i", 0x803, count, SIDE, SIDE) + images)
        with open(f"{folder}/{name}-labels-idx1-ubyte", "wb") as file:
            file.write(struct.pack(">2i", 0x801, count) + labels)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def poke(path, offset, text):
    content, new = bytearray(read(path)), bytes.fromhex(text)
    offset = offset if offset >= 0 else len(content) + offset
    content[offset:offset + len(new)] = new
    write(path, content)


def write_png(path, width, height, pixels):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + pixels[y * width:(y + 1) * width] for y in range(height))
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    write(path, b"\x89PNG\r\n\x1a\n" + chunks)


def read_images(path, indices):
    content = read(path)
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    return [content[16 + index * SIDE * SIDE:][:SIDE * SIDE] for index in indices]


def make_png(path, images, indices, paper):
    row = read_images(images, indices)
    side, turn = 3 * SIDE, 255 if paper else 0
    pixels = bytes(image[y // 3 * SIDE + x // 3] ^ turn for y in range(side) for image in row for x in range(side))
    write_png(path, side * len(row), side, pixels)


def tamper(path, old, new):
    content = read(path)
    size = struct.unpack("<Q", content[:8])[0]
    header = content[8:8 + size].decode()
    if old not in header:
        sys.exit(f"{path}: the header does not hold {old}: {header}")
    header = header.replace(old, new, 1).encode()
    write(path, struct.pack("<Q", len(header)) + header + content[8 + size:])


def main(arguments):
    what, path, *rest = arguments
    if what == "tiny":
        make_tiny(path)
    elif what == "cut":
        write(path, read(path)[:int(rest[0])])
    elif what == "poke":
        poke(path, int(rest[0]), rest[1])
    elif what == "label":
        print(read(path)[8 + int(rest[0])])
    elif what == "png":
        make_png(path, rest[0], [int(rest[1])], rest[2:] == ["paper"])
    elif what == "row":
        make_png(path, rest[0], [int(index) for index in rest[1:]], True)
    elif what == "squares":
        write_png(path, 200, 160, bytes(150 if x % 20 == 9 or y % 20 == 9 else 230 for y in range(160) for x in range(200)))
    elif what == "size":
        width, height, _, kind = struct.unpack(">2I2B", read(path)[16:26])
        print(f"{width}x{height} {'colour' if kind == 2 else 'grey'}")
    elif what == "blank":
        write_png(path, 80, 60, b"\xff" * 80 * 60)
    elif what == "tamper":
        tamper(path, *rest)
    else:
        sys.exit(f"make_data.py: unknown work {what}")


if __name__ == "__main__":
    main(sys.argv[1:])
