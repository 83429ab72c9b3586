"""The functions of a company that work with its accounts."""

from django.db import models


class Function(models.TextChoices):
    """What a user does; decides the first screen and what may be read."""

    SALES = "sales", "Sales"
    CUSTOMER_SUCCESS = "customer_success", "Customer success"
    MARKETING = "marketing", "Marketing"
    PRODUCT = "product", "Product"
    ENGINEERING = "engineering", "Engineering"
    SUPPORT = "support", "Support"
    FINANCE = "finance", "Finance"
    LEGAL = "legal", "Legal"
    PEOPLE = "people", "People"
    REVOPS = "revops", "RevOps"
    LEADERSHIP = "leadership", "Leadership"
