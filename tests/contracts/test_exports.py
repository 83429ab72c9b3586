"""Every list of every page, those of later apps too, comes as a file in each format; none can be forgotten."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.test import Client
from python_calamine import CalamineWorkbook

from common.export import FORMULA_STARTS, NUMBER
from tests.contracts.test_routes import OURS, Route
from tests.contracts.world import Address, build
from tests.users import client_as

pytestmark = pytest.mark.django_db

# Pages whose tables are no lists, each with its reason; their templates need no walk either.
NO_LISTS = {
    "accounts:merge": "a choice to make; what comes of it is listed under merges",
    "sync:token_new": "scopes to choose from",
    "sync:webhook_new": "events to choose from",
    "support:policy_edit": "a draft being written; the page of its version has the file",
    "support:policy_part": "a form; what it holds is in the file of its version",
    "support:policy_part_new": "a form",
    "support:rules_edit": "a draft being written; the rules in force have the file",
    "support:rule_part": "a form",
    "support:rule_new": "a form",
    "support:rules_publish": "a question to answer, with a preview of its effect",
    "support:ladder_edit": "a form with a preview of its effect; what is in force has the file",
    "support:policy_publish": "a question to answer; the preview it shows has the file",
}
# Addresses that the walk leaves out: what they show is a form, or a step on the way that nothing keeps.
NOT_WALKED = {
    "accounts:merge_choose": "leads to a preview",
    "accounts:export": "is a file itself",
    "accounts:view_new": "a form",
    "accounts:view_edit": "a form",
    "accounts:list_new": "a form",
    "accounts:list_edit": "a form",
    "accounts:list_rule": "a form with a preview of its effect",
    "accounts:list_add": "a form with a preview of its effect",
    "accounts:list_sign": "a form over the list's members; the list itself is a file",
    "sync:import_rejected": "is a file itself",
    "sync:batch_undo": "a preview; the batch lists what was left",
    "sync:import_undo": "a preview; the batches list what was left",
    "sync:pin": "a form",
    "sync:token_revoke": "asks once more",
    "sync:token_limit": "a form",
    "sync:client_secret": "asks once more",
    "sync:client_limit": "a form",
    "sync:client_revoke": "asks once more",
    "sync:connection_new_kind": "a form",
    "sync:connection_settings": "a form",
    "sync:connection_delete": "asks once more",
    "sync:connected_object": "a form with a preview of its effect",
    "sync:connected_object_reset": "asks once more",
    "sync:webhook_edit": "a form",
    "sync:webhook_delete": "asks once more",
    "sync:precedence_edit": "a form with a preview of its effect",
    "people:access_review": "changes that aren't saved yet; the policy lists them then",
    "people:user": "a form",
    "people:channel": "a form",
    "metrics:score_target": "a form",
    "people:configuration_restore": "a preview; the audit lists what was done",
    "tiers:edit_entitlements": "a form",
    "tiers:terms": "a form",
    "tiers:kind": "a form with what it drops",
    "tiers:rule": "a form",
    "tiers:rule_new": "a form",
    "tiers:discard": "asks once more",
    "tiers:retire": "asks once more, with whom it would move",
    "tiers:shared_guide": "for customers, who have the PDF; colleagues see the same under tiers:guide",
    "tiers:shared_pdf": "is a file itself",
    "tiers:revoke_link": "asks once more",
    "engagement:score_preview_new": "leads to the newest preview",
    "engagement:score_rule": "a form",
    "engagement:score_rule_new": "a form",
    "metrics:health_preview_new": "leads to the newest preview",
    "metrics:health_edit": "a form; the version lists the same",
    "metrics:health_component": "a form",
    "metrics:health_limit": "a form",
    "metrics:health_limit_new": "a form",
    "metrics:health_segment": "a form",
    "metrics:health_retire": "asks once more, with who takes over",
    "metrics:health_past_new": "a form",
    "metrics:health_preview_publish": "leads to the preview",
    "finance:cost_rate_new": "a form",
    "finance:dunning_stage": "a form",
    "finance:dunning_stage_new": "a form",
    "finance:clause_new": "a form",
    "finance:clause_text": "a form",
    "finance:clause_text_new": "a form",
    "finance:deviation_new": "a form",
    "finance:amendment_withdraw": "asks once more",
    "finance:calendar_revoke": "asks once more",
    "finance:calendar_feed": "is a file itself",
    "pods:checklist": "a form",
    "pods:survey_ask": "a form",
    "pods:survey_rules": "a form",
    "pods:survey_answer": "for customers",
    "support:queue_give": "a form over tickets of the queue, which is a file itself",
    "people:approval": "one request with the form that decides it; requests are a list of their own",
}
TEMPLATES_OF_FORMS = {
    "tiers/versions/retire.html": "whom retiring would move, above the button that does it",
    "engagement/previews/_publication.html": "what changed since a preview, above the button that accepts it",
    "tiers/publications/_changed.html": "what one publication would do otherwise, above the button that accepts it",
    "accounts/identity/_profiles.html": "two accounts side by side, above the choice between them",
    "accounts/identity/merge.html": "a choice to make",
    "accounts/lists/sign.html": "a form over the list's members; the list itself is a file",
    "people/access_review.html": "changes that aren't saved yet",
    "people/approvals/_facts.html": "what one decision would change, above the form that decides it",
    "finance/costs/rate_new.html": "a preview of a form's effect",
    "sync/connections/object.html": "a form",
    "sync/connections/_own.html": "a form",
    "sync/connections/_preview.html": "a preview of a form's effect",
    "sync/imports/_columns.html": "a form over the columns of a file",
    "sync/precedence/edit.html": "a form",
    "sync/token_new.html": "a form",
    "sync/webhooks/form.html": "a form",
    "metrics/scoreboard/digest.html": "a mail; the board is a file",
    "pods/surveys/mail.html": "a mail; its table holds a link for each answer",
    "metrics/health/edit.html": "a form; the version lists the same",
    "components/chart.html": "a chart's table, which has downloads of its own",
    "components/table.html": "a frame; who includes it is walked",
}
TABLE = re.compile(r"{% data_table|<table")
FIGURE = re.compile(r"<figure.*?</figure>", re.DOTALL)
LABEL = re.compile(r'<div class="abe-scroll[^"]*" role="region" aria-label="([^"]*)"')
LINK = re.compile(r'href="([^"]*export=csv[^"]*)"')
# One file holds what the page sets apart under headings of its own.
ONE_FILE = {
    "metrics:library",
    "metrics:scoreboard",
    "sync:sources",
    "sync:tokens",
    "accounts:ambiguous",
    "accounts:duplicates",
    "metrics:readiness",
}

# Pages that show some rows of a file as two tables, with how many files hold them all.
FEWER_FILES = {
    "finance:retention": 4,  # rates and amounts of a month, or of a segment, are one row of a file
    "support:policy_preview": 2,  # what it says by metric is the sum of what it says by tier and priority
}


WITHOUT_ARGUMENTS = {route.name for route in OURS if not route.has_arguments}


def is_for_readers(route: Route, client: Client) -> bool:
    """Whether the address shows a page to whom it may: neither the API's, nor one that only does something."""
    return not route.is_api and client.get(route.path).status_code != 405


def addresses() -> list[Address]:
    """Return every page to look at; fails where an address with arguments has none."""
    built = build()
    named = {address.name for address in built}
    client = client_as("revops")
    pages = [route for route in OURS if route.name != "account_logout" and is_for_readers(route, client)]
    missing = {route.name for route in pages if route.has_arguments} - named - NOT_WALKED.keys()
    assert not missing, "Give these a page in tests/contracts/world.py, or a reason in NOT_WALKED."
    return [*built, *(Address(route.name, route.path) for route in pages if not route.has_arguments)]


def parts_of(page: str) -> list[str]:
    """Return a page's cards, each with its own export, or the whole page as one part."""
    cards = re.split(r'(?=<section class="abe-panel[^>]* id="panel-)', page)
    return cards[1:] if len(cards) > 1 else cards


@pytest.fixture
def seen() -> dict[Address, Any]:
    """Every page with what it shows."""
    found = {}
    every = addresses()
    named = {address.name for address in every if address.name not in WITHOUT_ARGUMENTS}
    by_function = attrgetter("function")
    for function, some in groupby(sorted(every, key=by_function), key=by_function):
        client = client_as(function)
        for address in some:
            response = client.get(address.url)
            assert response.status_code == 200 or address.name not in named, address
            if response.status_code == 200 and not response.streaming:
                found[address] = (client, response)
    return found


def test_every_table_has_an_export_that_holds_it(seen: dict[Address, Any]) -> None:
    forgotten, links = [], {}
    for address, (client, response) in seen.items():
        if address.name in NO_LISTS | NOT_WALKED:
            continue
        for part in parts_of(response.content.decode()):
            shown = FIGURE.sub("", part)
            labels = set(LABEL.findall(shown))
            offered = [urljoin(address.url, unescape(link)) for link in LINK.findall(shown)]
            most = 1 if address.name in ONE_FILE else FEWER_FILES.get(address.name, len(labels))
            wanted = min(len(labels), most)
            if len(set(offered)) < wanted:
                forgotten.append((address.name, address.url, sorted(labels)))
            links |= dict.fromkeys(offered, (client, bool(labels)))
    assert not forgotten, "Lists without an export: common/export.py says how; or add a reason to NO_LISTS."
    assert len(links) > 60
    for link, (client, shows_rows) in links.items():
        holds_rows_in_every_format(link, client, shows_rows=shows_rows)


def holds_rows_in_every_format(link: str, client: Client, *, shows_rows: bool) -> None:
    files = {}
    for kind in ("csv", "xlsx", "ndjson"):
        response = client.get(link.replace("export=csv", f"export={kind}"))
        assert response.status_code == 200, link
        assert response["Content-Disposition"].endswith(f'.{kind}"'), link
        files[kind] = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    rows = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"))))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(files["xlsx"])).get_sheet_by_index(0).to_python()
    records = [json.loads(line) for line in files["ndjson"].decode().splitlines()]
    assert len(rows) == len(sheet) == len(records) + 1, link
    assert records or not shows_rows, link
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(FORMULA_STARTS) or NUMBER.fullmatch(cell), (link, cell)


def test_the_walk_comes_by_every_template_with_a_table(seen: dict[Address, Any]) -> None:
    rendered = {
        template.name for _, response in seen.values() for template in response.templates if template.name
    }
    roots = [Path(settings.BASE_DIR) / app / "templates" for app in settings.ABE_APPS]
    with_tables = {
        str(path.relative_to(root))
        for root in [*roots, Path(settings.BASE_DIR) / "templates"]
        for path in root.rglob("*.html")
        if TABLE.search(path.read_text()) and "allauth" not in path.parts
    }
    assert len(with_tables) > 40
    missed = with_tables - rendered - TEMPLATES_OF_FORMS.keys()
    assert not missed, (
        "No page of tests/contracts/world.py shows these: add one, or say why in TEMPLATES_OF_FORMS."
    )
    assert with_tables >= TEMPLATES_OF_FORMS.keys(), "Take a reason away together with its template."
