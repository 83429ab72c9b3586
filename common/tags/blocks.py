"""Panels, states, tables, form fields, charts and the openers of explanations."""

from typing import Any

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.template.context import RequestContext
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common.charts import Chart
from common.tags.library import register
from common.tags.marks import icon, redacted
from common.tags.refusals import refusals

PANEL_OPTIONS = (
    *(
        "key",
        "level",
        "template",
        "state",
        "url",
        "reason",
        "whom",
        "error_id",
        "how_url",
        "as_of",
        "fresh_at",
    ),
    *("provisional", "export_base"),
    *("source", "flush", "short", "link_url", "link_label"),
)
STATE_OPTIONS = ("whom", "retry_url", "error_id", "action_url", "action_label")


@register.simple_tag
def how(url: str, label: str = "How this is counted") -> SafeString:
    """Open formula, inputs, source, freshness and history in a side sheet; without JavaScript as a page."""
    if not url:
        return SafeString("")
    return format_html(
        '<a class="abe-how" {} aria-label="{}" title="{}">{}</a>',
        _sheet_link(url),
        label,
        label,
        icon("formula", size=13),
    )


@register.simple_block_tag
def explained(content: str, url: str, label: str = "") -> SafeString:
    """Make a figure the link to its own explanation."""
    if not url:
        return SafeString(content)
    name = format_html('<span class="visually-hidden">How {} is counted: </span>', label) if label else ""
    return format_html(
        '<a class="abe-explained" {}>{}{}</a>',
        _sheet_link(url),
        name,
        SafeString(content.strip()),
    )


def _sheet_link(url: str) -> SafeString:
    return format_html(
        'href="{0}" hx-get="{0}" hx-target="#abe-sheet-body" hx-push-url="false" data-sheet', url
    )


@register.simple_block_tag(takes_context=True)
def panel(context: RequestContext, content: str, title: str, span: int = 6, **options: Any) -> str:
    """Frame content as a card of the 12-column grid; options as documented in components/panel.html."""
    values = {"title": title, "span": span, "body": SafeString(content)}
    return _render(context, "components/panel.html", values | _checked("panel", PANEL_OPTIONS, options))


@register.simple_block_tag(takes_context=True)
def state(context: RequestContext, content: str, kind: str, title: str, **options: Any) -> str:
    """Say why there is nothing to see, or not everything: empty, forbidden, error or partial."""
    values = {"kind": kind, "title": title, "body": SafeString(content.strip())}
    return _render(context, "components/state.html", values | _checked("state", STATE_OPTIONS, options))


def _checked(tag: str, known: tuple[str, ...], given: dict[str, Any]) -> dict[str, Any]:
    """Return every option, unset ones empty: a page's own variable of the same name must not slip in."""
    if unknown := given.keys() - set(known):
        raise template.TemplateSyntaxError(f"{{% {tag} %}} has no option {', '.join(sorted(unknown))}.")
    return dict.fromkeys(known, "") | given


@register.simple_block_tag
def data_table(content: str, label: str, css: str = "", rows: str = "", frame: str = "") -> SafeString:
    """Wrap a table so that it scrolls inside its own frame, by keyboard too.

    ``css``: is-sticky, is-compact, is-stacking. ``frame``: is-page (the list is the page), is-tall.
    ``rows="open"`` lets j, k, Enter and x move over the rows.
    """
    keys = SafeString(' data-rows="open"') if rows == "open" else ""
    return format_html(
        '<div class="abe-scroll {}" role="region" aria-label="{}" tabindex="0">'
        '<table class="abe-table {}"{}>{}</table></div>',
        frame,
        label,
        css,
        keys,
        SafeString(content),
    )


@register.simple_tag(takes_context=True)
def sort_header(
    context: RequestContext, label: str, key: str, *, numeric: bool = False, title: str = "", css: str = ""
) -> SafeString:
    """Head a column that sorts by ``?sort=key``, and by ``?sort=-key`` when it does already.

    ``css``: is-pin keeps the column in sight when the table scrolls sideways.

    Numbers sort downwards first: the largest is what people look for.
    """
    request: HttpRequest = context["request"]
    current = str(context.get("sort", request.GET.get("sort", "")))
    ways = (f"-{key}", key) if numeric else (key, f"-{key}")
    target = ways[1] if current == ways[0] else ways[0]
    params = request.GET.copy()
    for dropped in ("after", "before", "cursor", "page"):
        params.pop(dropped, None)
    params["sort"] = target
    is_sorted = current in ways
    return format_html(
        '<th scope="col"{}{}{}><a class="abe-sort" href="?{}">{}{}</a></th>',
        format_html(' class="{}"', f"{css} is-num".strip() if numeric else css) if numeric or css else "",
        format_html(' aria-sort="{}"', "descending" if current.startswith("-") else "ascending")
        if is_sorted
        else "",
        format_html(' title="{}"', title) if title else "",
        params.urlencode(),
        label,
        icon(
            "chevron-down" if current == f"-{key}" else "chevron-up" if current == key else "selector",
            size=12,
        ),
    )


@register.simple_tag(takes_context=True)
def field(context: RequestContext, bound: BoundField, *, hint: str | None = None, label: str = "") -> str:
    """Show one form field: label above, help below, the error beside it and tied to the control.

    ``label`` and ``hint`` replace the form's own; an empty hint removes it. What Django refuses is said by the field's
    name, with what to do.
    """
    if hint is not None:
        bound.help_text = hint  # Django ties it to the control by aria-describedby, and marks an invalid one
    kind = bound.widget_type
    css = {"select": "form-select", "selectmultiple": "form-select", "checkbox": "form-check-input"}.get(
        kind, "form-control"
    )
    if kind in ("radioselect", "checkboxselectmultiple"):
        css = ""
    if bound.errors:
        css += " is-invalid"
    held = bound.field.widget.attrs.get("class", "")
    return _render(
        context,
        "components/field.html",
        {
            "field": bound,
            "control": bound.as_widget(attrs={"class": f"{held} {css}".strip()}),
            "hint": bound.help_text,
            "label": label or bound.label,
            "errors": refusals(bound, label),
            "kind": kind,
        },
    )


@register.simple_tag(takes_context=True)
def chart(context: RequestContext, value: Chart | None) -> str:
    """Draw a chart with the table behind it and its downloads."""
    if getattr(value, "is_redacted", False):
        return redacted(value)
    return _render(context, "components/chart.html", {"chart": value})


def _render(context: RequestContext, name: str, values: dict[str, Any]) -> str:
    """Render a component with the page's context beneath its own values."""
    engine = context.template.engine if context.template else None
    found = engine.get_template(name) if engine else template.Engine.get_default().get_template(name)
    with context.push(**values):
        return SafeString(found.render(context))
