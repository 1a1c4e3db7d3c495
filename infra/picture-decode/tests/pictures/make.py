"""Makes the small pictures of src/lib.rs's tests: pip install pillow==13.0.0; python make.py.
Each is 32 by 16 and shows the same: the left half (200, 100, 50), the right half (20, 60, 220); grey ones its brightness."""

import pathlib
import struct
import zlib

from PIL import Image

here = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 32, 16
LEFT, RIGHT = (200, 100, 50), (20, 60, 220)

picture = Image.new("RGB", (WIDTH, HEIGHT), LEFT)
picture.paste(RIGHT, (WIDTH // 2, 0, WIDTH, HEIGHT))
picture.save(here / "baseline.jpg", quality=95)
picture.save(here / "progressive.jpg", quality=95, progressive=True)
picture.convert("CMYK").save(here / "cmyk.jpg", quality=95)
picture.convert("L").save(here / "grey.jpg", quality=95)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(name, depth, colour, rows, interlace=0, more=b""):
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlace)
    content = chunk(b"IHDR", header) + more + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (here / name).write_bytes(b"\x89PNG\r\n\x1a\n" + content)


def side(x):
    return LEFT if x < WIDTH // 2 else RIGHT


def line(pixel, columns=range(WIDTH)):
    return b"\0" + b"".join(pixel(x) for x in columns)


png("sixteen.png", 16, 2, line(lambda x: b"".join(struct.pack(">H", v * 257) for v in side(x))) * HEIGHT)
palette = chunk(b"PLTE", bytes(LEFT + RIGHT))
png("palette.png", 8, 3, line(lambda x: bytes([x >= WIDTH // 2])) * HEIGHT, more=palette)
png("one-bit.png", 1, 0, (b"\0\0\0\xff\xff") * HEIGHT)

# Adam7: seven passes of (first column, first row, step across, step down).
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
rows = b"".join(
    line(lambda x: bytes(side(x) + (255,)), range(left, WIDTH, across))
    for left, top, across, down in passes
    for _ in range(top, HEIGHT, down)
)
png("interlaced.png", 8, 6, rows, interlace=1)
png("transparent.png", 8, 6, line(lambda x: bytes(LEFT + (255,)) if x < WIDTH // 2 else bytes(RIGHT + (0,))) * HEIGHT)
