"""What pages show once the platform is at work: waiting records, duplicates, imports, an endpoint, a run, lists.

The sample company has none of it. All comes in by the forms and the API, as everything else does, once a run.
"""

from __future__ import annotations

import re
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

from tests.browser.conftest import reload_until
from tests.browser.sample_site import NOWHERE, Site

FILE = "Company;Website;Staff\nFirma 1;firma-1.example;7\nFirma 2;firma-2.example;many\n"
LARGE = '{"all":[{"field":"finance.arr","op":"gte","value":300000}]}'


class Furnished:
    """The ids of what was brought in, each under the name that the addresses of pages use."""

    def __init__(self, page: Page, site: Site, folder: Path) -> None:
        self.page = page
        self.site = site
        self.ids: dict[str, str] = {}
        first, second = self._token("erp"), self._token("crm-two")
        made = self._bulk(
            first,
            "accounts",
            [
                {"external_id": "DA", "name": "Twin One GmbH", "domain": "twins.example", "employees": 5},
                {"external_id": "DB", "name": "Twin One", "domain": "twins.example", "country": "DE"},
                {"external_id": "S", "name": "Shared", "domain": "shared.example", "industry": "Rail"},
                {"external_id": "bad", "name": "Bad", "country": "Atlantis"},
            ],
        )
        self.ids["batch"] = str(made["batch"])
        self.ids["twin"], self.ids["other"], self.ids["shared"] = [item["id"] for item in made["results"][:3]]
        self._bulk(
            second,
            "accounts",
            [
                {"external_id": "Z", "name": "Twins", "domain": "twins.example"},
                {"external_id": "S2", "name": "Shared too", "domain": "shared.example", "industry": "Road"},
            ],
        )
        self._bulk(first, "contacts", [{"external_id": "C", "name": "Ann", "account": "LATER"}])
        waiting = self._api("get", first, "/api/v1/pending/?resource=contacts&state=waiting")
        self.ids["pending"] = waiting["results"][0]["id"]
        pair = self._bulk(
            first, "accounts", [{"external_id": key, "name": f"Merged {key}"} for key in ("MA", "MB")]
        )
        winner, loser = [item["id"] for item in pair["results"]]
        if winner != loser:  # a site that is looked at again and again has them merged already
            self._api("post", first, f"/api/v1/accounts/{winner}/merge/", data={"loser": loser})
        self.ids["merge"] = self._number("/accounts/duplicates/merges/", "/accounts/duplicates/merges/")
        self._endpoint()
        self._connection()
        self._import(folder)
        self._imported(folder)
        self._lists()
        self._ask_workers()

    def _go(self, path: str) -> Page:
        self.page.goto(self.site + path)
        return self.page

    def _token(self, source: str) -> str:
        page = self._go("/sync/tokens/new/")
        page.get_by_label("Source", exact=True).fill(source)
        page.get_by_label("Reads as").select_option("revops")
        for scope in ("*:read", "*:write"):
            page.get_by_label(scope, exact=True).check()
        page.get_by_role("button", name="Issue").click()
        secret = page.locator(".sync-secret").inner_text()
        self.ids["token"] = self._number("/sync/tokens/", "/sync/tokens/")
        return secret

    def _number(self, path: str, start: str) -> str:
        """Return the number in the first link of a page that begins with ``start`` and goes on with one."""
        found = re.search(rf'href="{start}(\d+)/', self._go(path).content())
        assert found, path
        return found[1]

    def _api(self, method: str, token: str, path: str, **options: Any) -> Any:
        send = getattr(self.page.request, method)
        answer = send(self.site + path, headers={"Authorization": f"Bearer {token}"}, **options)
        assert answer.ok, answer.text()
        return answer.json()

    def _bulk(self, token: str, resource: str, records: list[dict[str, Any]]) -> Any:
        return self._api("post", token, f"/api/v1/{resource}/bulk/", data=records)

    def _endpoint(self) -> None:
        page = self._go("/sync/webhooks/new/")
        page.get_by_label("Name", exact=True).fill("Warehouse")
        page.get_by_label("Address").fill(f"http://{NOWHERE}/abe")
        page.get_by_label("Reads as").select_option("support")
        page.get_by_role("button", name="Add the endpoint").click()
        page.get_by_role("link", name="I have stored it").click()
        self.ids["endpoint"] = re.findall(r"\d+", page.url)[-1]

    def _connection(self) -> None:
        """Add a connection to a port where nobody listens: its pages stand, and say what is wrong."""
        page = self._go("/sync/connections/new/hubspot/")
        # A site that is looked at again and again may have one: a source has one connection.
        source = f"hub-{token_hex(3)}"
        page.get_by_label("Name", exact=True).fill(source)
        page.get_by_label("Source", exact=True).fill(source)
        page.get_by_label("Access token").fill("a-token")
        page.get_by_label("Address of the API").fill(f"http://{NOWHERE}")
        page.get_by_role("button", name="Connect and try").click()
        page.wait_for_url(re.compile(r"/sync/connections/\d+/$"))
        self.ids["connection"] = re.findall(r"\d+", page.url)[-1]

    def _import(self, folder: Path) -> None:
        path = folder / "firms.csv"
        path.write_text(FILE)
        page = self._go("/sync/imports/new/")
        page.get_by_label("File", exact=True).set_input_files(path)
        page.get_by_role("button", name="Upload and read").click()
        page.wait_for_url(re.compile(r"/sync/imports/\d+/$"))
        self.ids["import"] = re.findall(r"\d+", page.url)[-1]
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Import 1 row").wait_for()

    def _imported(self, folder: Path) -> None:
        """Import a file to its end, so that it can be taken back."""
        path = folder / "branches.csv"
        path.write_text("Company;Website\nBranch 1;branch-1.example\nBranch 2;branch-2.example\n")
        page = self._go("/sync/imports/new/")
        page.get_by_label("File", exact=True).set_input_files(path)
        page.get_by_role("button", name="Upload and read").click()
        page.wait_for_url(re.compile(r"/sync/imports/\d+/$"))
        self.ids["done"] = re.findall(r"\d+", page.url)[-1]
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Import 2 rows").click()
        self.site.work()
        reload_until(page, page.url, f"a[href$='/{self.ids['done']}/undo/']")

    def _lists(self) -> None:
        """Make a target list by hand and one by condition, which has members at once."""
        for key, query in (("by_hand", ""), ("by_rule", f"?kind=rule&where={quote(LARGE)}")):
            page = self._go(f"/accounts/lists/new/{query}")
            page.get_by_label("Name", exact=True).fill(f"Looked at {token_hex(3)}")
            page.get_by_role("button", name="Make the list").click()
            page.wait_for_url(re.compile(r"/accounts/lists/\d+/$"))
            self.ids[key] = re.findall(r"\d+", page.url)[-1]

    def _ask_workers(self) -> None:
        """Let the connection run, which finds nobody, and search all accounts, which finds the twins."""
        connection = f"/sync/connections/{self.ids['connection']}/"
        page = self._go(connection)
        start, run = (page.get_by_role("button", name=name, exact=True) for name in ("Start", "Run now"))
        (start if start.is_visible() else run).click()
        self._go("/accounts/duplicates/").get_by_role("button", name="Search all accounts").click()
        self.site.work()
        reload_until(page, self.site + connection, f"a[href^='{connection}runs/']")
        self.ids["run"] = self._number(connection, f"{connection}runs/")
        reload_until(page, f"{self.site}/accounts/duplicates/", "form.identity-dismiss")
