"""Take the documentation's pictures of a running sample company: ``python -m docs.screenshots``.

Needs ``make demo`` running and the browser of ``make test``; ``--url`` where it isn't on port 8000.
"""

from __future__ import annotations

import argparse
import os
import subprocess
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from demo.team import LOGINS, PASSWORD

FOLDER = Path(__file__).parent / "img"
BROWSER = Path(__file__).parent.parent / "scripts" / "browser.sh"


def sign_in(page: Page, url: str, function: str) -> None:
    """Sign in as the sample company's login of one function."""
    person = next(person for person in LOGINS if person.function == function)
    page.goto(f"{url}/login/login/")
    page.fill("input[name=login]", person.email)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_load_state("networkidle")


def main() -> None:
    """Write ``docs/img/account.png``: the riskiest of the largest accounts, as customer success sees it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    url = parser.parse_args().url
    chrome = (
        os.environ.get("CHROME")
        or subprocess.run([str(BROWSER)], check=True, capture_output=True, text=True).stdout.strip()
    )
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chrome, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        sign_in(page, url, "customer_success")
        page.goto(f"{url}/accounts/?tier=strategic&sort=metrics.health_score")
        page.locator("tbody a").first.click()
        page.wait_for_url("**/accounts/*/**")
        page.goto(f"{page.url.split('?')[0]}?lens=success")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1500)  # charts draw themselves in
        page.screenshot(path=FOLDER / "account.png")
        browser.close()


if __name__ == "__main__":
    main()
