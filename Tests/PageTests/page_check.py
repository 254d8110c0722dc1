"""Looks at every page in headless Chromium, as people would, and says what is wrong.

usage: page_check.py SERVICE_URL WORKER_URL SCREENSHOTS_FOLDER

Prints a line a check; exits with 1 where one fails. The pages, their entries (hostile ones too) and the worker's status
are what the test beside this script has put there.
"""

import base64
import json
import pathlib
import sys
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

SERVICE, WORKER, FOLDER = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
SCREENS = {"desktop": (1280, 900, False), "phone": (375, 812, True), "small": (320, 640, True)}
failures = 0


def check(what, holds, detail=""):
    global failures
    if holds:
        print(f"ok   {what}")
    else:
        failures += 1
        print(f"FAIL {what} {detail}")


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--force-color-profile=srgb",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
        # Whatever else a page might ask for cannot even be looked up.
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


def screen(driver, name, scheme="light"):
    width, height, mobile = SCREENS[name]
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile})
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})


def text(driver, selector):
    """Asked in one step: what changes by itself may be another element in the next."""
    return driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)


def texts(driver, selector):
    """Those of all, in one step too."""
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText)", selector)


def screenshot(driver, name):
    """The page to its end, as far as anybody would scroll to look at a picture."""
    size = driver.execute_script("return [innerWidth, Math.min(document.documentElement.scrollHeight, 2400)]")
    picture = driver.execute_cdp_cmd("Page.captureScreenshot", {
        "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}})
    (FOLDER / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))


# WCAG 2.1: 4.5 to 1 for text, 3 to 1 for large or bold large text.
CONTRAST = """
const parse = color => { const p = color.match(/[\\d.]+/g).map(Number); return p.length < 4 ? [...p, 1] : p; };
const over = (top, under) => top.slice(0, 3).map((c, i) => c * top[3] + under[i] * (1 - top[3]));
const luminance = color => { const [r, g, b] = color.map(c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b; };
const background = element => { const layers = []; for (let e = element; e; e = e.parentElement)
  layers.unshift(parse(getComputedStyle(e).backgroundColor));
  return layers.reduce((under, layer) => over(layer, under), [255, 255, 255]); };
const poor = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest(".skip")) continue;
  const style = getComputedStyle(element), under = background(element);
  const [a, b] = [luminance(over(parse(style.color), under)), luminance(under)].sort((x, y) => y - x);
  const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
  const ratio = (a + .05) / (b + .05);
  if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)}: ${element.className || element.tagName}`);
}
return [...new Set(poor)];
"""

STRUCTURE = """
const wrong = [];
const all = selector => [...document.querySelectorAll(selector)];
if (document.documentElement.lang !== "en") wrong.push("no language");
if (all("h1").length !== 1) wrong.push("not one h1");
if (all("main").length !== 1 || all("nav").length < 1) wrong.push("landmarks");
const levels = all("h1, h2, h3, h4").map(h => +h.tagName[1]);
levels.forEach((level, i) => { if (i && level > levels[i - 1] + 1) wrong.push("headings skip a level"); });
for (const field of all("input, select")) if (!field.labels.length) wrong.push(`no label: ${field.name}`);
for (const image of all("img")) if (!image.hasAttribute("alt")) wrong.push("no alt");
for (const link of all("a, button")) if (!link.textContent.trim()) wrong.push("link without text");
for (const svg of all("svg")) if (!svg.getAttribute("aria-label")) wrong.push("svg without name");
const ids = all("[id]").map(e => e.id);
if (new Set(ids).size !== ids.length) wrong.push("an id comes twice");
for (const e of all("[aria-labelledby]")) if (!document.getElementById(e.getAttribute("aria-labelledby"))) wrong.push("labelledby");
for (const e of all("[style], [onclick], [onerror]")) wrong.push(`inline: ${e.outerHTML.slice(0, 80)}`);
for (const table of all("table")) if (table.querySelectorAll("thead th:not([scope])").length) wrong.push("th without scope");
return wrong;
"""


def console_errors(driver, expected=()):
    lines = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
    return [line for line in lines if not any(text in line for text in expected)]


def foreign_requests(driver):
    urls = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.requestWillBeSent":
            urls.append(message["params"]["request"]["url"])
    return urls, [url for url in urls if not url.startswith((SERVICE, WORKER, "data:"))]


def look(driver, base, pages, expected_errors=(), screens=SCREENS, schemes=("light", "dark")):
    for name, path in pages.items():
        for screen_name in screens:
            for scheme in schemes:
                screen(driver, screen_name, scheme)
                driver.get(base + path)
                where = f"{name}, {screen_name}, {scheme}"
                if base == WORKER:
                    WebDriverWait(driver, 60).until(
                        lambda d: d.find_element(By.ID, "live").is_displayed()
                        or d.find_element(By.ID, "trouble").is_displayed())
                # Not innerWidth: a phone zooms out until everything fits.
                width = driver.execute_script("return document.documentElement.scrollWidth")
                poor = driver.execute_script(CONTRAST)
                wrong = driver.execute_script(STRUCTURE)
                errors = console_errors(driver, expected_errors)
                check(f"{where}: no horizontal scroll", width <= SCREENS[screen_name][0], width)
                check(f"{where}: contrast", not poor, poor)
                check(f"{where}: structure", not wrong, wrong)
                check(f"{where}: console", not errors, errors)
                check(f"{where}: no script of an entry ran", driver.execute_script("return window.pwned") is None)
                screenshot(driver, f"{name}-{screen_name}-{scheme}")


def tab_walk(driver, name, url):
    """Everything that can be used is reached by Tab alone, in the order of the page, and seen when it is."""
    screen(driver, "desktop")
    driver.get(url)
    wanted = driver.execute_script(
        "return [...document.querySelectorAll('a[href], button, input, select, pre[tabindex]')]"
        ".filter(e => e.checkVisibility()).length")
    seen = []
    unseen = []
    for _ in range(wanted):
        driver.switch_to.active_element.send_keys(Keys.TAB)
        state = driver.execute_script("""
            const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
            window.walked = window.walked || []; window.walked.push(e);
            return [e.textContent.trim().slice(0, 30) || e.name, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
                    box.bottom > 0 && box.top < innerHeight && box.width > 0];""")
        seen.append(state[0])
        if not state[1] or not state[2]:
            unseen.append(state)
    in_order = driver.execute_script("""
        return new Set(window.walked).size === window.walked.length && window.walked.every((e, i) => !i ||
            window.walked[i - 1].compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING);""")
    check(f"{name}: Tab reaches all {wanted} in order", in_order, seen)
    check(f"{name}: what has the focus shows it", not unseen, unseen)
    check(f"{name}: the first is the skip link", seen[0].startswith("Skip"), seen[:1])


def keyboard(driver):
    tab_walk(driver, "home", SERVICE + "/")
    tab_walk(driver, "entry", SERVICE + pages_of_service(driver)["entry"])
    driver.get(SERVICE + "/projects/boards/test")
    driver.switch_to.active_element.send_keys(Keys.TAB)
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    check("the skip link leads to the content", driver.switch_to.active_element.get_attribute("id") == "content")
    driver.find_element(By.TAG_NAME, "body").send_keys("/")
    check("/ leads to the search", driver.switch_to.active_element.get_attribute("name") == "q")
    driver.switch_to.active_element.send_keys("anomaly-1")
    driver.switch_to.active_element.send_keys(Keys.ENTER)
    WebDriverWait(driver, 60).until(
        lambda d: d.execute_script("return document.readyState === 'complete' && location.search.includes('q=anomaly-1')"))
    files = texts(driver, ".entries .file")
    check("a search by keyboard finds what it names",
          len(files) == 11 and all(f.startswith("anomaly-1") for f in files), files)
    check("the field still says what was looked for",
          driver.find_element(By.ID, "q").get_attribute("value") == "anomaly-1")
    driver.find_element(By.CSS_SELECTOR, ".entries a").send_keys(Keys.ENTER)
    WebDriverWait(driver, 60).until(lambda d: d.find_elements(By.CSS_SELECTOR, "pre.json"))
    shown = driver.find_element(By.CSS_SELECTOR, "pre.json").text
    check("an entry's JSON is JSON", json.loads(shown)["source-ref"].endswith(files[0]))


def paging(driver):
    """Next to the end and Previous to the beginning show every entry once, in the same order."""
    driver.get(SERVICE + "/projects/boards/train")
    there = []
    while True:
        there.append(texts(driver, ".entries .file"))
        links = driver.find_elements(By.CSS_SELECTOR, ".pager a[rel=next]")
        if not links:
            break
        driver.get(links[0].get_attribute("href"))
    flat = [name for page in there for name in page]
    check("paging shows every entry once", len(flat) == len(set(flat)) == 130 and len(there) == 3, len(flat))
    back = [there[-1]]
    while links := driver.find_elements(By.CSS_SELECTOR, ".pager a[rel=prev]"):
        driver.get(links[0].get_attribute("href"))
        page = texts(driver, ".entries .file")
        if not page:
            break
        back.insert(0, page)
        if page == there[0]:
            break
    check("and back again", back == there, [len(page) for page in back])


def freshness(driver):
    """A page that is open shows what happens, without being loaded again."""
    screen(driver, "desktop")
    driver.get(SERVICE + "/projects/boards/train")
    driver.execute_script("window.stayed = true")
    line = b'{"source-ref":"s3://factory/new.jpg"}'
    request = urllib.request.Request(
        SERVICE + "/2020-11-20/projects/boards/datasets/train/entries", method="PATCH",
        data=json.dumps({"Changes": base64.b64encode(line).decode()}).encode())
    urllib.request.urlopen(request)
    WebDriverWait(driver, 60).until(lambda d: text(d, ".tiles dd") == "131")
    check("an open page shows a new entry", driver.execute_script("return window.stayed") is True)
    driver.execute_cdp_cmd("Network.emulateNetworkConditions",
                           {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0})
    WebDriverWait(driver, 60).until(lambda d: d.find_elements(By.ID, "offline"))
    check("and says when the service does not answer", "may be old" in text(driver, "#offline"))
    screenshot(driver, "offline-desktop-light")
    driver.execute_cdp_cmd("Network.emulateNetworkConditions",
                           {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})
    WebDriverWait(driver, 60).until(lambda d: not d.find_element(By.ID, "offline").is_displayed())
    check("and when it does again", True)
    console_errors(driver)


def without_scripts(driver):
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    driver.get(SERVICE + "/projects/boards/train")
    check("without JavaScript the page is whole", len(driver.find_elements(By.CSS_SELECTOR, ".entries tbody tr")) == 50)
    driver.get(WORKER + "/")
    shown = driver.find_element(By.TAG_NAME, "main").text
    check("without JavaScript the worker's page leads to the JSON", "needs JavaScript" in shown, shown)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def pages_of_service(driver):
    driver.get(SERVICE + "/projects/boards/test")
    entry = driver.execute_script("return document.querySelector('.entries a').pathname")
    return {
        "home": "/", "project": "/projects/boards", "dataset": "/projects/boards/train", "updates": "/updates",
        "entry": entry, "search": "/projects/boards/test?q=anomaly&class=anomaly", "nothing": "/projects/boards/test?q=xyz",
        "empty": "/projects/a-project-with-quite-a-long-name-for-a-narrow-screen_2026/test", "hostile": "/projects/hostile/train",
    }


def hostile_entries(driver):
    driver.get(SERVICE + "/projects/hostile/train")
    paths = driver.execute_script("return [...document.querySelectorAll('.entries a')].map(a => a.pathname)")
    return {f"hostile-entry-{number}": path for number, path in enumerate(paths)}


def worker(driver):
    screen(driver, "desktop")
    driver.get(WORKER + "/")
    WebDriverWait(driver, 60).until(lambda d: d.find_element(By.ID, "live").is_displayed())
    rows = driver.find_elements(By.CSS_SELECTOR, "#partitions tr")
    waiting = text(driver, "#waiting")
    check("the worker's partitions are there", len(rows) == 3, len(rows))
    check("lanes that wait say why", "access-denied" in waiting and "does not exist" in waiting and "<img" in waiting, waiting)
    check("and how many more there are", text(driver, "#waiting-more") == "and 4 more")
    check("a partition that is stuck says so", "no progress for 15 min" in text(driver, "#partitions"))
    check("the reasons of readiness are there", "credentials" in text(driver, "#reasons"))
    settled = text(driver, "#settled")
    WebDriverWait(driver, 60).until(lambda d: text(d, "#settled") != settled and text(d, "#rate") != "–")
    check("the worker's figures move", True)
    tab_walk(driver, "worker", WORKER + "/")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    driver = browser()
    try:
        look(driver, SERVICE, pages_of_service(driver))
        look(driver, SERVICE, hostile_entries(driver), screens=["small"], schemes=["dark"])
        look(driver, SERVICE, {"missing": "/projects/none/train"}, expected_errors=["404"])
        look(driver, WORKER, {"worker": "/"})
        keyboard(driver)
        paging(driver)
        worker(driver)
        without_scripts(driver)
        freshness(driver)
        urls, foreign = foreign_requests(driver)
        check(f"none of {len(urls)} requests went elsewhere", urls and not foreign, foreign)
    finally:
        driver.quit()
    print(f"{failures} checks fail" if failures else "all checks hold")
    sys.exit(1 if failures else 0)


main()
