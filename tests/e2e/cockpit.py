# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cockpit's Machines page in a headless browser, on a private system bus."""

import contextlib
import os
import shutil
import socket
import subprocess

from vireotest.paths import BUILD
from vireotest.wait import FACTOR, wait_until

BRIDGE = "/usr/bin/cockpit-bridge"
SERVERS = ("/usr/lib/cockpit/cockpit-ws", "/usr/libexec/cockpit-ws")
MACHINES = "/usr/share/cockpit/machines/manifest.json"
# The network namespace is the test's own, so the port is free.
PORT = 9090
URL = f"http://127.0.0.1:{PORT}/cockpit/@localhost/machines/index.html"
SHOTS = BUILD / "tests" / "e2e" / "cockpit"


def why_not():
    """Why the page cannot be tested on this machine; None when it can."""
    for what in (BRIDGE, MACHINES):
        if not os.path.exists(what):
            return f"no {what}"
    for program in ("chromium", "chromedriver"):
        if not shutil.which(program):
            return f"no {program}"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "no selenium for Python"
    return None


class Server:
    """cockpit-ws, with a session that is there already."""

    def __init__(self, bus, folder):
        self.log = open(folder / "cockpit.log", "ab")
        home = folder / "home"
        home.mkdir(exist_ok=True)
        server = next(s for s in SERVERS if os.path.exists(s))
        environment = {"HOME": str(home), "USER": "root", "PATH": os.environ["PATH"],
                       "LANG": "C.UTF-8", "DBUS_SYSTEM_BUS_ADDRESS": bus.address,
                       "XDG_RUNTIME_DIR": str(folder)}
        self.process = subprocess.Popen(
            [server, f"--local-session={BRIDGE}", "--port", str(PORT), "--address", "127.0.0.1",
             "--no-tls"], env=environment, stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log)
        wait_until(self.listens, 20, "cockpit-ws")

    @staticmethod
    def listens():
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", PORT)) == 0

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


class Page:
    """The Machines page in Chromium. Elements are found by CSS selectors."""

    def __init__(self, folder):
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
        os.environ["HOME"] = str(folder / "home")
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                         "--disable-dev-shm-usage", "--window-size=1400,1400",
                         f"--user-data-dir={folder / 'chromium'}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.binary_location = shutil.which("chromium")
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")),
                                       options=options)
        self.driver.set_script_timeout(60 * FACTOR)
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.shots = 0

    def open(self, fragment="#/"):
        self.driver.get(URL + fragment)
        self.driver.execute_script("localStorage['virtualization-disabled-ignored'] = 'true'")
        self.driver.refresh()

    def go(self, fragment):
        self.driver.execute_script("window.location.hash = arguments[0]", fragment)

    def close(self):
        with contextlib.suppress(Exception):
            self.driver.quit()

    def find(self, selector, seconds=30):
        from selenium.webdriver.common.by import By

        def look():
            found = [e for e in self.driver.find_elements(By.CSS_SELECTOR, selector)
                     if e.is_displayed()]
            return found[0] if found else None
        return wait_until(look, seconds, lambda: f"{selector}; {self.describe()}", tick=0.2)

    def describe(self):
        self.shot("failure")
        ids = self.driver.execute_script(
            "return [...document.querySelectorAll('[id]')].map(e => e.id).join(' ')")
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        return f"the page has: {self.text()[:2000]}; ids: {ids[:3000]}; it said: {said}"

    def text(self):
        return self.driver.execute_script("return document.body.innerText")

    def has(self, selector):
        from selenium.webdriver.common.by import By
        return bool(self.driver.find_elements(By.CSS_SELECTOR, selector))

    def click(self, selector, seconds=30):
        """Clicks what can be clicked by then: buttons are off while something is under way."""
        def attempt():
            try:
                element = self.find(selector, seconds)
                if element.is_enabled() and element.get_attribute("aria-disabled") != "true":
                    element.click()
                    return True
            except Exception as error:  # what moved, is covered or was made anew
                if "Exception" not in type(error).__name__:
                    raise
            return False
        wait_until(attempt, seconds, lambda: f"to click {selector}; {self.describe()}", tick=0.2)

    def wait_text(self, selector, wanted, seconds=60, whole=False):
        """Waits until an element says something, or nothing else."""
        def same():
            try:
                text = self.find(selector, seconds).text
                return wanted == text.strip() if whole else wanted in text
            except Exception as error:
                if "Stale" in type(error).__name__:
                    return False
                raise
        wait_until(same, seconds, lambda: f"{selector} to say {wanted}; {self.describe()}",
                   tick=0.2)

    def wait_gone(self, selector, seconds=30):
        wait_until(lambda: not self.has(selector), seconds,
                   lambda: f"{selector} to go; {self.describe()}", tick=0.2)

    def wait_script(self, script, what, seconds=60):
        """Waits until a script in the page says yes."""
        wait_until(lambda: self.driver.execute_script(script), seconds,
                   lambda: f"{what}; {self.describe()}", tick=0.2)

    def fill(self, selector, text):
        from selenium.webdriver.common.keys import Keys
        element = self.find(selector)
        element.send_keys(Keys.CONTROL, "a")
        element.send_keys(text)

    def shot(self, name):
        self.shots += 1
        self.driver.save_screenshot(str(SHOTS / f"{self.shots:02}-{name}.png"))



