"""The seller's particulars as a section of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from finance.billing.seller.services import (
    draft_particulars,
    newest,
    retire_particulars,
    write_particulars,
)
from finance.billing.seller.terms import LABELS, Particulars, checked, particulars_of
from finance.models import SellerParticulars
from metrics.engine.plan import today
from people.configuration.registry import ConfigError, ConfigFile, ConfigSection, Problem, Tracked, sections
from people.configuration.shapes import Nullable, Record, Text
from people.models import User

IN_FORCE = "in_force"


def export_seller() -> dict[str, Any]:
    """Return the version in force, null where none is."""
    held = SellerParticulars.objects.published().first()
    return {IN_FORCE: particulars_of(held).columns() if held else None}


def plan_seller(section: Mapping[str, Any], is_published: bool) -> list[str]:
    """Say what would be drafted, published or retired. Raises ConfigError for what can't be."""
    held, data = export_seller()[IN_FORCE], section[IN_FORCE]
    if data is None:
        return ["Seller’s particulars: taken out of force."] if held and is_published else []
    try:
        wanted = checked(dict(data))
    except ValidationError as error:
        raise ConfigError(
            [
                Problem(f"{IN_FORCE}.{name}", told)
                for name, found in error.message_dict.items()
                for told in found
            ]
        ) from error
    drafts = [] if is_published else [particulars_of(draft) for draft in SellerParticulars.objects.drafts()]
    if wanted.columns() == held or wanted in drafts:
        return []
    changed = [
        label for name, label in LABELS.items() if wanted.columns()[name] != (held or {}).get(name, "")
    ]
    done = "a new version is published" if is_published else "a new draft"
    return [f"Seller’s particulars: {done} ({', '.join(changed)})"]


def apply_seller(section: Mapping[str, Any], by: User | None, is_published: bool) -> None:
    """Draft what is new; publish or retire only where ``is_published``."""
    if not plan_seller(section, is_published):
        return
    data, note = section[IN_FORCE], "Imported from a file."
    if data is None:
        retire_particulars(by=by)
    elif not is_published:
        draft_particulars(particulars=Particulars(**data), by=by, note=note)
    else:
        held = newest()
        starts_on = max(today(), held.starts_on) if held and held.starts_on else today()
        write_particulars(particulars=Particulars(**data), starts_on=starts_on, by=by, note=note)


sections.register(
    ConfigSection(
        key="seller",
        label="Seller’s particulars",
        url_name="finance:seller",
        tracks=(
            Tracked(
                model=SellerParticulars,
                noun="",
                name=lambda event: f"Seller’s particulars, version {event.version}",
                labels={"state": "state", "starts_on": "from"}
                | {
                    name: label[0].lower() + label[1:] if name != "iban" else label
                    for name, label in LABELS.items()
                }
                | {"note": "note"},
                show={"state": lambda value: str(SellerParticulars.State(value).label).lower()},
            ),
        ),
        no_undo="What papers bore is never edited: write the earlier particulars again, from a day on.",
        file=ConfigFile(
            shape=Record({IN_FORCE: Nullable(Record({name: Text(may_be_empty=True) for name in LABELS}))}),
            export=export_seller,
            plan=plan_seller,
            apply=apply_seller,
        ),
    )
)
