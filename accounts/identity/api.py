"""``POST /api/v1/accounts/{id}/merge/`` and ``/unmerge/``: merges for programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, ClassVar

import msgspec
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.urls import path
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.identity.api_schema import COMPONENTS, operations
from accounts.identity.errors import MergeRefused
from accounts.identity.fields import accounts_resource
from accounts.identity.merge import Preview, merge_accounts, preview_merge
from accounts.identity.models import AccountMerge
from accounts.identity.showing import readable_conflicts
from accounts.identity.unmerge import Plan, plan_unmerge, unmerge_accounts
from people.access import Access, request_access
from sync.api.body import is_lines, plain, read_body
from sync.api.reading import check_readable, redacted_fields
from sync.api.schema import PlainSchema
from sync.api.writing import Answer, answer_once, json_response, refuse_unknown_parameters
from sync.models import ApiToken
from sync.problems import Problem

LARGEST_ID = 2**63 - 1
STATUS = {
    "unknown_account": 404,
    "not_merged": 404,
    "unknown_merge": 404,
    "unknown_field": 422,
    "bad_choice": 422,
}


class MergeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a merge is asked for with."""

    loser: str | int
    choices: dict[str, str] = {}
    dry_run: bool = False


class UnmergeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What taking a merge back is asked for with."""

    loser: str | int
    dry_run: bool = False


class IdentityView(APIView):
    """What both views have in common."""

    http_method_names = ["post", "options"]
    scope = "accounts"
    schema = PlainSchema()
    operation: ClassVar[str]
    described = staticmethod(operations)
    components = COMPONENTS

    def answer(
        self, request: Request, shape: type[Any], work: Callable[[Any, int, ApiToken, Access], dict[str, Any]]
    ) -> HttpResponse:
        """Answer with what ``work`` makes of the body; a merge that is refused raises Problem."""
        refuse_unknown_parameters(request, ())
        token = request.auth
        if not isinstance(token, ApiToken):
            raise Problem(403, "token_required", "Writing needs a token.")
        access = request_access(request)
        check_readable(accounts_resource(), access)
        is_lines(plain(request), allow_lines=False)
        body = read_body(plain(request))
        try:
            asked = msgspec.json.decode(body, type=shape)
        except msgspec.ValidationError as error:
            raise Problem(422, "invalid", f"{error}.") from error
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Problem(400, "malformed", f"The body is no JSON object: {error}.") from error
        loser = _account_id(asked.loser)

        def once() -> Answer:
            try:
                return Answer(200, msgspec.json.encode(work(asked, loser, token, access)))
            except MergeRefused as refused:
                errors = (
                    [{"field": f"choices.{refused.field}", "code": refused.code, "detail": refused.detail}]
                    if refused.field
                    else []
                )
                raise Problem(
                    STATUS.get(refused.code, 409), refused.code, refused.detail, errors=errors
                ) from refused

        return json_response(answer_once(request, body, once))


class MergeView(IdentityView):
    """Merge an account into another."""

    operation = "merge_accounts"

    def post(self, request: Request, pk: int) -> HttpResponse:
        """Merge the account that the body names into this one, or with ``dry_run`` say what that would do."""

        def work(asked: MergeBody, loser: int, token: ApiToken, access: Access) -> dict[str, Any]:
            winner = _known(pk)
            preview = preview_merge(winner=winner, loser=loser, choices=asked.choices)
            if asked.dry_run:
                return _merged(preview, None, access)
            merge = merge_accounts(winner=winner, loser=loser, choices=asked.choices, client=token.client)
            return _merged(preview, merge, access)

        return self.answer(request, MergeBody, work)


class UnmergeView(IdentityView):
    """Take a merge back."""

    operation = "unmerge_accounts"

    def post(self, request: Request, pk: int) -> HttpResponse:
        """Take back that the account in the body was merged into this one, or say what that would do."""

        def work(asked: UnmergeBody, loser: int, token: ApiToken, access: Access) -> dict[str, Any]:
            merge = AccountMerge.objects.in_force().filter(winner=_known(pk), loser=loser).first()
            if merge is None:
                raise MergeRefused("not_merged", f"Account {loser} is not merged into account {pk}.")
            if asked.dry_run:
                return _unmerged(plan_unmerge(merge=merge.pk), access, dry_run=True)
            plan = unmerge_accounts(merge=merge.pk, client=token.client)
            return _unmerged(plan, access, dry_run=False)

        return self.answer(request, UnmergeBody, work)


def _merged(preview: Preview, merge: AccountMerge | None, access: Access) -> dict[str, Any]:
    hidden = redacted_fields(accounts_resource(), access)
    return {
        "merge": merge.pk if merge else None,
        "winner": str(preview.winner.pk),
        "loser": str(preview.loser.pk),
        "dry_run": merge is None,
        "moved": merge.counts if merge else {item.label: item.moved for item in preview.counts if item.moved},
        "kept_back": {item.label: item.kept_back for item in preview.counts if item.kept_back},
        "fields": [
            {
                "field": side.name,
                "winner": side.winner,
                "loser": side.loser,
                "choice": preview.choices[side.name],
            }
            for side in preview.sides
            if side.differs and side.name not in hidden
        ],
        "redacted": list(hidden),
    }


def _unmerged(plan: Plan, access: Access, *, dry_run: bool) -> dict[str, Any]:
    return {
        "merge": plan.merge.pk,
        "winner": str(plan.merge.winner_id),
        "loser": str(plan.merge.loser_id),
        "dry_run": dry_run,
        "returned": {label: count for label, count in plan.returns.items() if count},
        "conflicts": readable_conflicts([asdict(conflict) for conflict in plan.conflicts], access),
    }


def _known(pk: int) -> int:
    if pk > LARGEST_ID:
        raise MergeRefused("unknown_account", f"There is no account {pk}.")
    return pk


def _account_id(value: str | int) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Problem(422, "invalid", 'loser takes our id of an account, such as "4711".')
    return int(text)


urlpatterns = [
    path("accounts/<int:pk>/merge/", login_not_required(MergeView.as_view()), name="accounts_merge"),
    path("accounts/<int:pk>/unmerge/", login_not_required(UnmergeView.as_view()), name="accounts_unmerge"),
]
