"""Put an account page together: header, lens, cards and story, for one reader on one day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from accounts.lenses.doubts import doubts_about
from accounts.lenses.figures import Figure, explain_url, figures_of, headline
from accounts.lenses.loading import Card, bulkhead, load_card, load_cards
from accounts.lenses.registry import Chip, Lens, Panel, chips, ordered_lenses, panels
from accounts.lenses.timeline import Timeline, timeline_of
from accounts.models import Account, TierTenure
from common.codes import country_name
from common.periods import end_of
from people.absences.models import Absence
from people.absences.rota import seen_at
from people.access import Access, Redacted
from people.models import Category, User


@dataclass(frozen=True, kw_only=True)
class View:
    """Who looks at which account, through which lens and on which day.

    ``as_of`` is the day asked for, None for the newest figures; ``day`` is the day panels show. ``came_on`` is set
    where the account came in after the day asked for.
    """

    account: Account
    lens: Lens
    access: Access
    as_of: date | None
    came_on: date | None = None

    @property
    def day(self) -> date:
        """The day asked for, else today in UTC, by which every stored number is dated."""
        return self.as_of or timezone.now().date()

    def url(self, lens: Lens | None = None) -> str:
        """Return the page's address, in another lens where one is given, on the same day."""
        return f"{self.account.get_absolute_url()}?{self.query((lens or self.lens).key)}"

    def query(self, lens: str) -> str:
        """Return the parameters that keep lens and day."""
        kept = {"lens": lens}
        if self.as_of is not None:
            kept["as_of"] = self.as_of.isoformat()
        return urlencode(kept)

    def panel_url(self, panel: Panel) -> str:
        """Return the address of one panel on the same day."""
        return f"{reverse('accounts:panel', args=[self.account.pk, panel.key])}?{self.query(self.lens.key)}"

    def how_url(self, panel: Panel) -> str:
        """Return the page that explains the number behind a panel, empty where it shows none."""
        return explain_url(panel.explain, self.account.pk, self.as_of)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A colleague who looks after the account."""

    name: str
    role: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Header:
    """What stands above every lens."""

    figures: Sequence[Figure]
    team: Sequence[Member] | Redacted
    chips: Sequence[Chip]
    hidden_chips: Sequence[str]
    day: date | None
    band: str
    country: str


def read_account(pk: int, as_of: date | None = None) -> Account | None:
    """Return the account with all that its header joins, None where it is unknown or deleted; one query.

    Beside its own fields it has ``owner_name``, ``sponsor_name``, whether one of the two may have been away when the
    day ended, or is now (``has_absent``), and ``tier_slug`` and ``tier_label`` of the tier it was in on ``as_of``, or
    is in now.
    """
    away = Absence.objects.around(seen_at(as_of)).filter(
        person__email__in=(OuterRef("owner_email"), OuterRef("sponsor_email"))
    )
    tenure = TierTenure.objects.filter(account=OuterRef("pk"), during__contains=as_of or date.max)

    def tier(name: str) -> Coalesce:
        then = F(f"standing__tier__{name}") if as_of is None else Subquery(tenure.values(f"tier__{name}")[:1])
        return Coalesce(then, F(f"tier__{name}"))

    return (
        Account.objects.live()
        .select_related("standing", "parent", "billing_parent")
        .annotate(
            owner_name=_name_of("owner_email"),
            sponsor_name=_name_of("sponsor_email"),
            has_absent=Exists(away),
            tier_slug=tier("slug"),
            tier_label=tier("label"),
        )
        .filter(pk=pk)
        .first()
    )


def _name_of(email: str) -> Subquery:
    return Subquery(User.objects.filter(email=OuterRef(email)).values("name")[:1])


def read_header(view: View) -> Header:
    """Return the header in at most four queries, however busy the account is."""
    account, access = view.account, view.access
    figures = figures_of(account, view.as_of)
    shown, hidden = _chips(view)
    return Header(
        figures=headline(account, figures, access, view.as_of, view.day),
        team=access.redact(_team(account), Category.ACCOUNT_TEAM),
        chips=shown,
        hidden_chips=hidden,
        day=figures.day,
        band=str(figures.get("health_band") or ""),
        country=country_name(account.country),
    )


def read_cards(view: View, *, with_lazy: bool = False) -> list[Card]:
    """Return the lens's cards."""
    wanted = [panels[key] for key in view.lens.panels]
    return load_cards(
        wanted,
        view.account,
        view.day,
        view.access,
        view.panel_url,
        view.how_url,
        doubts_about(view.account, view.day),
        with_lazy=with_lazy,
    )


def read_card(view: View, panel: Panel) -> Card:
    """Return one card with its data, lazy or not."""
    with bulkhead() as held:
        return load_card(
            panel,
            lambda: panel.load_for(view.account, view.day, view.access),
            view.access,
            url=view.panel_url(panel),
            how_url=view.how_url(panel),
            doubts=doubts_about(view.account, view.day),
            held=held,
            is_lazy=False,
        )


def read_timeline(view: View, cursor: str = "") -> Timeline:
    """Return a page of the story up to the end of the day shown."""
    end = end_of(view.day)
    return timeline_of(view.account, view.access, until=end, cursor=cursor)


def lens_tabs(view: View) -> list[dict[str, Any]]:
    """Return the tabs: each lens with its address and whether it is the current one."""
    return [
        {"key": lens.key, "label": lens.label, "url": view.url(lens), "is_current": lens == view.lens}
        for lens in ordered_lenses()
    ]


def _team(account: Any) -> list[Member]:
    people = (
        (account.owner_email, account.owner_name, "account owner"),
        (account.sponsor_email, account.sponsor_name, "executive sponsor"),
    )
    return [Member(name=name or email, role=role, email=email) for email, name, role in people if email]


def _chips(view: View) -> tuple[list[Chip], list[str]]:
    """Return the chips that may be read, and the reasons for those that may not."""
    found = [chip for source in chips for chip in source.query(view.account, view.day)]
    shown = [chip for chip in found if chip.is_open_to(view.access)]
    closed = {chip.category for chip in found if chip.why_closed is None and not chip.is_open_to(view.access)}
    return shown, [view.access.why_not(category) for category in sorted(closed)]
