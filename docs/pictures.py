"""Draws README's pictures: `scripts/draw-pictures` calls it.

    pictures.py LOCKSTEP RUN DIR

A report's upper part as DIR/report.png, and as DIR/terminal.png what a terminal of 80 columns shows while a run trains and
of its curves. Needs Chromium, and playwright, pyte and pillow for Python.
"""

import html
import os
import pty
import shutil
import struct
import sys
import fcntl
import termios

import pyte
from PIL import Image
from playwright.sync_api import sync_playwright

COLUMNS = 80
COLOURS = {
    "default": "#d6d9dc", "cyan": "#4fd0dc", "magenta": "#e08be8", "brown": "#dcc44a", "green": "#58c98a",
    "blue": "#6aa9ff", "red": "#ff7b72",
}


def terminal(command, until=None):
    """The rows of a terminal in which the command has run, or in which it has shown a text."""
    screen = pyte.Screen(COLUMNS, 40)
    stream = pyte.ByteStream(screen)
    child, descriptor = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    while True:
        try:
            stream.feed(os.read(descriptor, 1 << 12))
        except OSError:
            break
        if until and any(until in row for row in screen.display):
            break
    os.close(descriptor)
    os.waitpid(child, 0)
    rows = []
    for number in range(screen.lines):
        row = "".join(
            f'<span style="color:{COLOURS.get(cell.fg, COLOURS["default"])}">{html.escape(cell.data)}</span>'
            for cell in (screen.buffer[number][column] for column in range(COLUMNS)))
        rows.append((screen.display[number].rstrip(), row))
    while rows and not rows[-1][0]:
        rows.pop()
    return [row for _, row in rows]


def main():
    lockstep, run, place = sys.argv[1:]
    scratch = run + "-shown"
    shutil.rmtree(scratch, ignore_errors=True)
    rows = ["$ lockstep train --epochs 8"]
    rows += terminal([lockstep, "train", "--epochs", "8", "--output", scratch], until="epoch 5/8 ███████")
    rows += ["", "$ lockstep curves runs/mlp"]
    shutil.rmtree(scratch, ignore_errors=True)
    rows += terminal([lockstep, "curves", run])
    page_of_terminal = (
        "<body style='margin:0;background:#16181b'><pre style='margin:0;padding:16px;display:inline-block;"
        "color:#d6d9dc;background:#16181b;font:14px/1.25 \"DejaVu Sans Mono\",monospace'>" + "\n".join(rows) + "</pre>")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 1500})
        page.goto("file://" + os.path.abspath(run + "/report.html"))
        plot = page.locator(".plot").first
        box = plot.locator(".frame").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.746, box["y"] + 40)
        page.screenshot(path=place + "/report.png")
        page.set_content(page_of_terminal)
        page.locator("pre").screenshot(path=place + "/terminal.png")
        browser.close()
    for name in ["report.png", "terminal.png"]:
        picture = Image.open(f"{place}/{name}").convert("RGB").quantize(64)
        picture.save(f"{place}/{name}", optimize=True)
        print(f"{place}/{name}: {os.path.getsize(f'{place}/{name}')} bytes")


main()
