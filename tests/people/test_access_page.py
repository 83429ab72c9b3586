"""The page of the access policy."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from people.functions import Function
from people.models import Category, Level
from people.policy import EDITABLE, held_levels, policy_version, recent_changes
from people.services import change_access
from tests.users import client_as, client_of, make_user

pytestmark = pytest.mark.django_db

PAGE = "/people/access/"
REVIEW = "/people/access/review/"


def matrix(**changed: str) -> dict[str, str]:
    """Return the whole form as the page sends it, with some levels chosen differently."""
    held = held_levels()
    levels = {
        f"{function}.{category}": held[function.value, category.value].value
        for function in EDITABLE
        for category in Category
    }
    chosen = {name.replace("__", "."): level for name, level in changed.items()}
    return {**levels, **chosen, "version": str(policy_version())}


def hidden(html: str, name: str) -> list[str]:
    return re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', html)


@pytest.mark.parametrize("function", Function.values)
def test_everybody_reads_the_policy_and_only_revops_finds_controls(function: str) -> None:
    html = client_as(function).get(PAGE).content.decode()
    assert "Who reads what" in html
    assert ("<select" in html) == (function == "revops")
    assert ("Review changes" in html) == (function == "revops")


def test_the_readers_own_function_stands_out_with_what_it_reads() -> None:
    html = client_as("sales").get(PAGE).content.decode()
    assert "your function" in html
    assert re.search(r"Totals only</span></dt><dd>Revenue</dd>", html)


def test_cost_rates_show_who_reads_them_and_no_control() -> None:
    for function in ("revops", "finance"):
        html = client_as(function).get(PAGE).content.decode()
        row = html.partition(">Cost rates<")[2].partition("</tr>")[0]
        assert "<select" not in row
        assert "Cost rates are for finance, people and leadership only." in row
        assert "Leadership</span>" in row
    forged = client_as("revops").post(REVIEW, matrix(revops__cost_rates="full", support__cost_rates="full"))
    assert hidden(forged.content.decode(), "set") == []
    assert held_levels()["support", "cost_rates"] == Level.NONE


def test_the_review_shows_each_change_and_saves_nothing() -> None:
    html = (
        client_as("revops")
        .post(REVIEW, matrix(support__revenue="totals", legal__revenue="full"))
        .content.decode()
    )
    assert "2 changes" in html
    assert hidden(html, "set") == ["support:revenue:totals", "legal:revenue:full"]
    assert held_levels()["support", "revenue"] == Level.NONE


def test_the_review_counts_the_active_people_it_concerns() -> None:
    make_user("support")
    make_user("support")
    gone = make_user("support")
    gone.is_active = False
    gone.save()
    html = client_as("revops").post(REVIEW, matrix(support__revenue="totals")).content.decode()
    assert "1 change for 2 people" in html


def test_saving_changes_the_policy_under_the_name_of_the_editor() -> None:
    rosa = make_user("revops", name="Rosa Delgado")
    client = client_of(rosa)
    html = client.post(REVIEW, matrix(support__revenue="totals")).content.decode()
    response = client.post(
        PAGE, {"set": hidden(html, "set"), "version": hidden(html, "version")}, follow=True
    )
    assert held_levels()["support", "revenue"] == Level.TOTALS
    assert "1 change saved" in response.content.decode()
    assert "Rosa Delgado" in response.content.decode()
    assert recent_changes()[0][0].author == "Rosa Delgado"


def test_nothing_to_save_leads_back_with_a_word() -> None:
    response = client_as("revops").post(REVIEW, matrix(), follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert "nothing to save" in response.content.decode()


def test_a_change_by_somebody_else_meanwhile_is_kept_and_told() -> None:
    ada, rosa = make_user("revops", name="Ada King"), make_user("revops", name="Rosa Delgado")
    form = matrix(support__revenue="totals")
    change_access(levels={("legal", "revenue"): "full"}, by=ada)
    html = client_of(rosa).post(REVIEW, form).content.decode()
    assert hidden(html, "set") == ["support:revenue:totals"]
    assert "Ada King changed Legal: Revenue from Nothing to Everything while you were editing." in html


def test_a_clash_is_told_with_both_levels() -> None:
    form = matrix(support__revenue="totals")
    change_access(levels={("support", "revenue"): "full"})
    html = client_as("revops").post(REVIEW, form).content.decode()
    assert "you are about to set it to Totals only." in html
    assert hidden(html, "set") == ["support:revenue:totals"]


def test_saving_after_somebody_else_saved_shows_the_review_again() -> None:
    client = client_as("revops")
    html = client.post(REVIEW, matrix(support__revenue="totals")).content.decode()
    change_access(levels={("support", "revenue"): "full"})
    data = {"set": hidden(html, "set"), "version": hidden(html, "version")}
    response = client.post(PAGE, data)
    assert response.status_code == 409
    assert "while you were editing" in response.content.decode()
    assert held_levels()["support", "revenue"] == Level.FULL
    again = {"set": data["set"], "version": hidden(response.content.decode(), "version")}
    client.post(PAGE, again)
    assert held_levels()["support", "revenue"] == Level.TOTALS


def test_a_change_can_be_undone_after_a_look_at_it() -> None:
    client = client_as("revops")
    change_access(levels={("support", "revenue"): "totals", ("legal", "revenue"): "full"})
    change_access(levels={("legal", "revenue"): "totals"})
    first = recent_changes()[0][1]
    html = client.get(f"{REVIEW}?undo={first.id}").content.decode()
    assert hidden(html, "set") == ["support:revenue:none", "legal:revenue:none"]
    assert "Legal: Revenue was changed again since, to Totals only." in html
    client.post(PAGE, {"set": hidden(html, "set"), "version": hidden(html, "version")})
    assert held_levels()["support", "revenue"] == Level.NONE


def test_the_defaults_can_be_restored_after_a_look_at_it() -> None:
    client = client_as("revops")
    assert "Back to the defaults" not in client.get(PAGE).content.decode()
    change_access(levels={("support", "revenue"): "totals"})
    assert "Back to the defaults" in client.get(PAGE).content.decode()
    html = client.get(f"{REVIEW}?defaults=1").content.decode()
    assert hidden(html, "set") == ["support:revenue:none"]


def test_keep_editing_takes_the_choices_along() -> None:
    client = client_as("revops")
    html = client.post(REVIEW, matrix(support__revenue="totals")).content.decode()
    link = re.search(r'href="(/people/access/\?draft=[^"]*)"', html)
    assert link
    page = client.get(link[1]).content.decode()
    select = page[page.index('name="support.revenue"') :]
    assert '<option value="totals" selected>' in select[: select.index("</select>")]
    assert '<option value="none" data-held>' in select[: select.index("</select>")]


@pytest.mark.parametrize("query", ["undo=nonsense", "undo=00000000-0000-0000-0000-000000000000", ""])
def test_undoing_what_is_not_there_leads_back_with_a_word(query: str) -> None:
    response = client_as("revops").get(f"{REVIEW}?{query}", follow=True)
    assert "not in the history" in response.content.decode()


@pytest.mark.parametrize("version", ["", "-1", "x", "9" * 40, "٣"])
def test_a_garbled_version_is_no_error(version: str) -> None:
    client = client_as("revops")
    form = matrix(support__revenue="totals") | {"version": version}
    assert client.post(REVIEW, form).status_code == 302
    assert client.post(PAGE, {"set": "support:revenue:totals", "version": version}).status_code == 302
    assert held_levels()["support", "revenue"] == Level.NONE


def test_others_can_neither_review_nor_save(client: Client) -> None:
    make_user("revops", name="Rosa Delgado", email="rosa@example.com")
    client = client_as("support")
    for path, data in ((REVIEW, {}), (PAGE, {"set": "support:revenue:full", "version": policy_version()})):
        response = client.post(path, data)
        assert response.status_code == 403
        assert "Rosa Delgado (rosa@example.com)" in response.content.decode()
    assert held_levels()["support", "revenue"] == Level.NONE


def test_the_page_costs_the_same_queries_with_a_long_history(django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for level in ("totals", "full", "none") * 5:
        change_access(levels={("support", "revenue"): level})
    client = client_as("revops")
    with django_assert_max_num_queries(12):
        html = client.get(PAGE).content.decode()
    older = re.search(r'href="(\?older=\d+#history)"', html)
    assert older
    assert "What was changed, older" in client.get(PAGE + older[1]).content.decode()


def test_the_address_is_the_one_others_link_to() -> None:
    assert reverse("people:access") == PAGE


@pytest.mark.parametrize(
    "path", ["/contracts/", "/finance/invoices/", "/finance/retention/", "/collections/"]
)
def test_a_page_of_a_closed_category_says_why_and_whom_to_ask(path: str) -> None:
    make_user("revops", name="Rosa Delgado", email="rosa@example.com")
    response = client_as("marketing").get(path)
    assert response.status_code == 403
    told = response.content.decode()
    assert "Marketing does not read" in told
    assert "ask Rosa Delgado (rosa@example.com)" in told
