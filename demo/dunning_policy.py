"""The sample company's dunning policy: the stages that come with the product, published by its finance partner."""

from __future__ import annotations

from demo.team import DOMAIN
from finance.collections.policy_services import cycle, publish_policy
from finance.models import DunningPolicy
from people.models import User

FINANCE = f"finance@{DOMAIN}"


def publish_first_policy() -> bool:
    """Publish the first draft; return whether that was still to be done."""
    draft = DunningPolicy.objects.filter(version=1).first()
    if draft is None or not draft.is_draft:
        return False
    publish_policy(policy=draft, by=User.objects.get(email=FINANCE), expected=cycle.seen(draft))
    return True
