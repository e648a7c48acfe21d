"""Opens reports in headless Chromium and compares what they show with the runs' logs.

    report_check.py SCREENSHOTS REPORT RUN [RUN...]

For each colour scheme and for windows 1200 and 360 pixels wide: no message in the console, no request that leaves the
file, no text wider than the window, and every plot's values under the pointer and by arrow keys are those of
metrics.jsonl. Screenshots go to a directory. Needs Playwright for Python, and Chromium: CHROMIUM, or that of PATH.
"""

import json
import os
import re
import shutil
import sys

from playwright.sync_api import sync_playwright

FIGURES = {
    "training": "train", "validation": "validation", "test": "test", "single batches": "train",
    "learning rate": "learning_rate",
}


def events(run, kind):
    with open(os.path.join(run, "metrics.jsonl"), encoding="utf-8") as log:
        return [event for event in map(json.loads, log) if event["event"] == kind]


def figure(title, name, is_one):
    """The log's name for a line of a plot."""
    title = title.replace(" (logarithmic)", "")
    if title == "Samples a second":
        return "samples_per_second"
    if title == "Learning rate":
        return "learning_rate"
    if is_one:
        return f"{FIGURES[name]}_{title.lower()}"
    part, quantity = title.split()
    return f"{FIGURES[part.lower()]}_{quantity}"


def check_plot(plot, runs):
    """Compares a plot with the logs; returns the number of values."""
    title = plot.locator("h3").inner_text()
    data = json.loads(plot.locator("script").text_content())
    places = sorted({point[0] for line in data["series"] for point in line["points"]})
    names = {os.path.basename(run.rstrip("/")): run for run in runs}
    seen = 0
    plot.scroll_into_view_if_needed()
    box = plot.locator(".frame").bounding_box()
    low, high = data["x"]
    for place in places if len(places) < 12 else places[:: len(places) // 12]:
        across = min(max((place - low) / (high - low) * box["width"], 1), box["width"] - 2)
        plot.page.mouse.move(box["x"] + across, box["y"] + box["height"] / 2)
        tip = plot.locator(".tip")
        assert tip.is_visible(), f"{title}: nothing under the pointer at {place}"
        head = tip.locator("div").inner_text()
        found = float(head.split()[-1])
        for shown in tip.locator("i").all():
            name, text = re.fullmatch(r"(.*) (\S+)", shown.inner_text()).groups()
            run = runs[0] if len(runs) == 1 else names[name]
            wanted = figure(title, name, len(runs) == 1)
            by_epoch = [e[wanted] for e in events(run, "epoch") if wanted in e and abs(e["epoch"] - found) < 1e-4]
            by_step = [e[wanted] for e in events(run, "step") if wanted in e]
            value = float(shown.get_attribute("data-value"))
            assert value in by_epoch or value in by_step, f"{title}: {name} {value} at {found} is not in the log"
            number = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
            assert abs(number - value) <= max(1e-5 * abs(value), 5.1e-5 if "%" in text else 0), f"{text} for {value}"
            seen += 1
    # By keyboard: from the first to the last.
    plot.focus()
    plot.press("Home")
    first = plot.locator(".tip div").inner_text()
    plot.press("End")
    assert plot.locator(".tip div").inner_text() != first or len(places) == 1
    plot.press("Escape")
    assert not plot.locator(".tip").is_visible()
    assert seen > 0, f"{title}: no value was seen"
    return seen


def check(browser, report, runs, scheme, width, screenshots):
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    messages, requests = [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto("file://" + os.path.abspath(report))
    page.wait_for_load_state("load")
    assert page.locator(".plot").count() > 1, "there are no plots"
    values = sum(check_plot(plot, runs) for plot in page.locator(".plot").all())
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"the page is {wide} pixels wide in a window of {width}"
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    is_dark = sum(map(int, re.findall(r"\d+", paper)[:3])) < 3 * 128
    assert is_dark == (scheme == "dark"), f"{scheme}: the paper is {paper}"
    for picture in page.locator("img").all():
        assert picture.get_attribute("alt"), "a picture has no text"
    page.evaluate("document.querySelectorAll('img').forEach(p => p.loading = 'eager')")
    broken = page.evaluate(
        "Promise.all([...document.images].map(p => p.decode().then(() => 0, () => 1))).then(a => a.reduce((x, y) => x + y, 0))")
    assert broken == 0, f"{broken} pictures cannot be shown"
    name = os.path.basename(os.path.dirname(os.path.abspath(report))) or "report"
    page.mouse.move(0, 0)
    page.screenshot(path=os.path.join(screenshots, f"{name}-{scheme}-{width}.png"), full_page=True)
    leaving = [url for url in requests if not url.startswith(("file://", "data:"))]
    assert not leaving, f"requests: {leaving}"
    assert not messages, f"console: {messages}"
    context.close()
    return values


def main():
    screenshots, report, *runs = sys.argv[1:]
    os.makedirs(screenshots, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        # Chromium's sandbox does not start for root.
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for scheme in ["light", "dark"]:
            for width in [1200, 360]:
                values = check(browser, report, runs, scheme, width, screenshots)
                print(f"{report}: {scheme}, {width} pixels wide: {values} values as in metrics.jsonl")
        browser.close()


main()
