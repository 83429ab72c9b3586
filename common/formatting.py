"""Turn values into the text people read: one place for digits, currencies, units and dates.

Pages, exports and charts all use these functions, so a figure reads the same everywhere. ``None`` is never
formatted here; callers show an absent value their own way.
"""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils import timezone

Number = int | float | Decimal

MINUS = "\u2212"
NBSP = "\u00a0"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}
NO_MINOR_UNIT = frozenset({"JPY", "KRW"})
SHORT_STEPS = (
    (Decimal("1e12"), "T"),
    (Decimal("1e9"), "B"),
    (Decimal("1e6"), "M"),
    (Decimal("1e3"), "k"),
)
ALMOST = Decimal("0.9995")
MAX_DECIMALS = 12
# Nouns of units whose singular isn't the plural without its s.
IRREGULAR = {"people": "person", "touches": "touch"}
ACRONYMS = frozenset({"api", "csv", "pdf", "saml", "scim", "sla", "sql", "sso", "ui", "url"})
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def to_decimal(value: Number | str) -> Decimal:
    """Return the value as a Decimal, floats by their shortest text so that 0.1 stays 0.1."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def format_number(value: Number | str, decimals: int | None = None) -> str:
    """Return digits with thousands commas and a true minus.

    ``decimals`` of ``None`` shows whole numbers whole and anything else with one decimal.
    """
    number = to_decimal(value)
    if not number.is_finite():
        return "not defined"
    if decimals is None:
        decimals = 0 if number == number.to_integral_value() else 1
    places = min(max(decimals, 0), MAX_DECIMALS)
    rounded = _round(number, places)
    return f"{MINUS if rounded < 0 else ''}{abs(rounded):,.{places}f}"


def format_short(value: Number | str) -> str:
    """Return three significant digits with k, M, B or T: 1,234,567 is ``1.23M``."""
    number = to_decimal(value)
    if not number.is_finite():
        return "not defined"
    size = abs(number)
    # 999.6 thousand reads 1M, not 1,000k: so a step is taken once the rounded figure reaches it.
    step, suffix = next(
        ((step, suffix) for step, suffix in SHORT_STEPS if size >= step * ALMOST), (Decimal(1), "")
    )
    scaled = size / step
    places = 2 if scaled < 10 else 1 if scaled < 100 else 0
    text = f"{_round(scaled, places):,.{places}f}"
    text = text.rstrip("0").rstrip(".") if places else text
    return f"{MINUS if number < 0 and text != '0' else ''}{text}{suffix}"


def format_money(
    value: Number | str, currency: str = "", *, decimals: int | None = None, short: bool = False
) -> str:
    """Return an amount with its symbol, or its ISO code where no symbol is unambiguous enough.

    Without ``decimals``, amounts of 1,000 and more show no minor units.
    """
    number = to_decimal(value)
    if not number.is_finite():
        return "not defined"
    code = currency.upper()
    symbol = SYMBOLS.get(code) or (f"{code}{NBSP}" if code else "")
    if short:
        text = format_short(number)
    else:
        if decimals is None:
            decimals = 0 if abs(number) >= 1000 or code in NO_MINOR_UNIT else 2
        text = format_number(number, decimals)
    return f"{MINUS}{symbol}{text[1:]}" if text.startswith(MINUS) else f"{symbol}{text}"


def format_percent(ratio: Number | str, decimals: int = 1) -> str:
    """Return a ratio as per cent: 1.12 is ``112.0%``."""
    number = to_decimal(ratio)
    return f"{format_number(number * 100, decimals)}%" if number.is_finite() else "not defined"


def format_unit(value: Number | str, unit: str = "", decimals: int | None = None, currency: str = "") -> str:
    """Return a value by its unit: ``money``, ``ratio``, ``percent``, or a noun in plural that follows the number.

    What reads as one has the noun in singular: ``1 day``, but ``1.0 days``.
    """
    if unit == "money":
        return format_money(value, currency, decimals=decimals)
    if unit == "ratio":
        return format_percent(value, 1 if decimals is None else decimals)
    if unit in ("percent", "%"):
        return f"{format_number(value, 1 if decimals is None else decimals)}%"
    text = format_number(value, decimals)
    return f"{text}{NBSP}{noun_for(text, unit)}" if unit else text


def noun_for(text: str, unit: str) -> str:
    """Return the noun that follows a number as it reads: in singular after what reads as one, else as it is."""
    return _singular(unit) if text in ("1", f"{MINUS}1") else unit


def _singular(noun: str) -> str:
    if noun in IRREGULAR:
        return IRREGULAR[noun]
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    # A unit of one or two letters is a symbol, such as s and ms.
    return noun[:-1] if noun.endswith("s") and len(noun) > 2 else noun


def format_key(key: str) -> str:
    """Return a machine's word as people write it: ``single_sign_on`` is ``Single sign on``, ``api`` is ``API``.

    What holds a space or a capital already was written for people and stays as it is.
    """
    if " " in key or key != key.lower():
        return key
    words = [word.upper() if word in ACRONYMS else word for word in key.replace("-", "_").split("_") if word]
    text = " ".join(words)
    return text[:1].upper() + text[1:] or key


def format_count(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun in the right form: ``1 person``, ``1,200 people``."""
    return f"{format_number(count)} {one if count == 1 else many or one + 's'}"


def format_date(value: date) -> str:
    """Return ``22 Nov 2026``; a datetime is first moved to the reader's time zone."""
    day = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def format_span(start: date | None, end: date | None) -> str:
    """Return the days from ``start`` to before ``end``, such as ``1 Jan 2026 – 31 Jan 2026``."""
    if start is None:
        return ""
    if end is None:
        return f"from {format_date(start)}"
    last = end - timedelta(days=1)
    return format_date(start) if last == start else f"{format_date(start)} – {format_date(last)}"


def format_datetime(value: datetime) -> str:
    """Return ``22 Nov 2026, 14:05`` in the reader's time zone."""
    moment = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{format_date(moment)}, {moment:%H:%M}"


def format_distance(days: int) -> str:
    """Return how far a day is from today in plain words: ``in 3 weeks``, ``yesterday``."""
    if days in (-1, 0, 1):
        return ("yesterday", "today", "tomorrow")[days + 1]
    size = abs(days)
    if size < 14:
        text = f"{size} days"
    elif size < 60:
        text = f"{size // 7} weeks"
    elif size < 730:
        text = f"{size // 30} months"
    else:
        text = f"{size // 365} years"
    return f"in {text}" if days > 0 else f"{text} ago"


def format_clock(moment: datetime, now: datetime) -> str:
    """Return how far a moment is: within two days by the clock (``in 5 h``, ``20 min ago``), else in days."""
    seconds = int((moment - now).total_seconds())
    minutes = abs(seconds) // 60
    if minutes >= 48 * 60:
        return format_distance(round(seconds / 86_400))
    text = f"{minutes // 60}{NBSP}h" if minutes >= 60 else f"{max(minutes, 1)}{NBSP}min"
    return f"in {text}" if seconds > 0 else f"{text} ago"


def _round(number: Decimal, places: int) -> Decimal:
    """Round half up, as people do by hand; never returns minus zero."""
    rounded = (
        number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if abs(number) < Decimal("1e15")
        else number
    )
    return rounded + 0
