"""Write book/images/report.png: the page of an animal that its decoder never met.

python docs/page.py        needs the recordings `kato` and `wormwideweb`, and a Chromium
"""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from wormgnn import BehaviourDecoder, decode, load
from wormgnn.decoding import Job
from wormgnn.plots.style import use_style
from wormgnn.report import write

PICTURE = Path(__file__).parents[1] / "book" / "images" / "report.png"
WIDTH, HEIGHT = 1000, 1100

use_style()
*train, animal = sorted(
    [*load("kato"), *load("wormwideweb")], key=lambda w: w.worm == "2022-07-26-31"
)
decoded = decode(animal, BehaviourDecoder().fit(train))
with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
    job = Job(Path(f"{animal.worm}.json"), animal, "page")
    write(job, decoded, Path(folder), ("html",))
    chromium = driver.chromium.launch(
        executable_path=shutil.which("chromium"), args=["--no-sandbox"]
    )
    page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto((Path(folder) / "page.html").as_uri())
    page.wait_for_selector("#figure .heatmaplayer image")
    page.screenshot(path=PICTURE)
