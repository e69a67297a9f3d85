"""Pages to search that were really read, and badly: texts are printed, spoilt as old print and film are, and read by Tesseract.

    degrade.py TRUTH OUT GRADE [PAGES]

TRUTH has a text for each page, of which about PAGES are taken. OUT gets truth/ and ocr/, as `scripts/bench search --corpus OUT` takes them,
and beside them places/ and boxes/: `x y w h` of each word of either, where it was printed and where it was read. GRADE is how far the
print has spread and faded, from 0; the share of characters that were read wrongly comes of it, and is printed. The spots fall
where they fall in every run.
"""

import os
import random
import re
import subprocess
import sys
import textwrap

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont
from rapidfuzz.distance import Levenshtein

FONT = "/usr/share/fonts/truetype/liberation/LiberationSerif-Regular.ttf"
# Print of ten points at 200 dots an inch.
SIZE, LEADING, MARGIN, LETTERS = 28, 38, 90, 80


def printed(text):
    font = ImageFont.truetype(FONT, SIZE)
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, LETTERS) or [""]] or [""]
    width = int(max(font.getlength(line) for line in lines)) + 2 * MARGIN
    page = Image.new("L", (max(width, 600), len(lines) * LEADING + 2 * MARGIN), 255)
    draw, places = ImageDraw.Draw(page), []
    for row, line in enumerate(lines):
        top = MARGIN + row * LEADING
        draw.text((MARGIN, top), line, font=font, fill=0)
        for word in re.finditer(r"\S+", line):
            left, right = (MARGIN + int(font.getlength(line[:at])) for at in word.span())
            places.append((word.group(), left, top, right - left, LEADING))
    return page, places


def spoilt(page, grade, spots):
    """Smaller and larger again, as film is; then unsharp, spotted, and black or white."""
    small = page.resize([int(side / (1 + 0.35 * grade)) for side in page.size], Image.BILINEAR)
    page = small.resize(page.size, Image.BICUBIC).filter(ImageFilter.GaussianBlur(0.6 + 0.5 * grade))
    noise = Image.frombytes("L", page.size, spots.randbytes(page.size[0] * page.size[1]))
    noise = noise.filter(ImageFilter.GaussianBlur(1.0))
    page = ImageChops.add(page, noise.point(lambda value: int((value - 128) * grade)), 1, 0)
    return page.point(lambda value: 255 if value > 150 else 0)


def read(page, path):
    page.save(path, dpi=(200, 200))
    command = ["tesseract", path, "-", "--psm", "6", "-l", "eng", "tsv"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    os.remove(path)
    lines, boxes = {}, []
    for row in said.splitlines()[1:]:
        # level, page, block, paragraph, line, word, left, top, width, height, confidence, text
        cells = row.split("\t")
        if cells[0] == "5" and cells[11].strip():
            word = "".join(cells[11].split())
            lines.setdefault(tuple(cells[2:5]), []).append(word)
            boxes.append((word, *cells[6:10]))
    return "\n".join(" ".join(line) for line in lines.values()), boxes


def told(words):
    return "".join(" ".join(map(str, word[1:])) + f" {word[0]}\n" for word in words)


def main():
    truth, out, grade = sys.argv[1], sys.argv[2], float(sys.argv[3])
    names = sorted(os.listdir(truth))
    names = names[:: max(1, len(names) // int(sys.argv[4])) if len(sys.argv) > 4 else 1]
    for kind in ("truth", "ocr", "places", "boxes"):
        os.makedirs(os.path.join(out, kind), exist_ok=True)
    spots, wrong, all_letters = random.Random(1), 0, 0
    for name in names:
        with open(os.path.join(truth, name), encoding="utf-8", errors="replace") as file:
            text = file.read()
        page, places = printed(text)
        reading, boxes = read(spoilt(page, grade, spots), os.path.join(out, "page.png"))
        for kind, said in (("truth", text), ("ocr", reading), ("places", told(places)), ("boxes", told(boxes))):
            with open(os.path.join(out, kind, name), "w", encoding="utf-8") as file:
                file.write(said)
        right, said = " ".join(text.split()), " ".join(reading.split())
        wrong += Levenshtein.distance(right, said)
        all_letters += len(right)
    print(f"{len(names)} pages, {100 * wrong / max(all_letters, 1):.1f} % of the characters were read wrongly")


main()
