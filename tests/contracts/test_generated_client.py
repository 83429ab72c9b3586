"""A client that a public generator makes of our description, used as its users would."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sync.services import issue_token
from tests.sync.test_feed import settle

SNAPSHOT = Path(__file__).parent.parent / "api_schema.json"
NAME = "generated_abe_client"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The generated package."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yml").write_text("post_hooks: []\n")
    target = folder / NAME
    command = [Path(sys.executable).with_name("openapi-python-client"), "generate", "--path", SNAPSHOT]
    options = ["--meta", "none", "--output-path", target, "--config", folder / "config.yml"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    # Batches can be sent as lines too, which the generator doesn't know; it takes the JSON form.
    assert "Endpoint will not be generated" not in said, said
    assert "Unable to parse" not in said, said
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield importlib.import_module(NAME)
        for module in [name for name in sys.modules if name.partition(".")[0] == NAME]:
            del sys.modules[module]


def part(name: str) -> Any:
    """Return a module of the generated package."""
    return importlib.import_module(f"{NAME}.{name}")


@pytest.mark.django_db(transaction=True)
def test_a_generated_client_puts_sends_lists_and_reads(generated: Any, live_server: Any) -> None:
    secret = issue_token(source="crm", scopes=["*:read", "*:write"]).secret
    client = generated.AuthenticatedClient(
        base_url=live_server.url, token=secret, raise_on_unexpected_status=True
    )
    models = part("models")

    put = part("api.accounts.put_accounts").sync(
        "crm", "a", client=client, body=models.AccountWrite(name="Acme", country="DE", employees=5)
    )
    assert (put.status, put.external_id) == ("created", "a")

    records = [models.ContactRecord(external_id=f"c{n}", account="a", name=f"N {n}") for n in range(3)]
    waiting = models.ContactRecord(external_id="w", account="later", name="Waits")
    bulk = part("api.contacts.bulk_contacts").sync(client=client, body=[*records, waiting])
    assert (bulk.created, bulk.pending, [result.status for result in bulk.results][-1]) == (3, 1, "pending")

    settle()
    listing = part("api.contacts.list_contacts")
    page = listing.sync(client=client, page_size=2)
    names = [record.name for record in page.results]
    page = listing.sync(client=client, page_size=2, cursor=page.next_cursor)
    assert [*names, *(record.name for record in page.results)] == ["N 0", "N 1", "N 2"]
    assert page.next_ is None

    found = part("api.accounts.find_accounts").sync("crm", "a", client=client)
    read = part("api.accounts.get_accounts").sync(int(put.id), client=client)
    assert found == read
    assert (read.name, read.country, read.employees, read.deleted) == ("Acme", "DE", 5, False)
    assert page.results[0].account.id == read.id

    pending = part("api.pending.list_pending").sync(client=client)
    assert [(record.external_id, record.state) for record in pending.results] == [("w", "waiting")]
    discard = part("api.pending.discard_pending")
    kept = discard.sync(int(pending.results[0].id), client=client, body=models.Discard(reason="Not ours"))
    assert (kept.state, kept.discarded.reason) == ("discarded", "Not ours")

    gone = part("api.accounts.delete_accounts").sync("crm", "a", client=client)
    assert gone.status == "deleted"
    problem = part("api.accounts.get_accounts").sync(999_999, client=client)
    assert (problem.status, problem.code) == (404, "not_found")
