"""The building blocks of every page: ``{% load abe %}``. Examples and looks: docs/frontend.md.

Values (each shows an absent value as a dash and a redacted one as redacted, with the reason):
  {% money 1234.5 "EUR" %}  {% money value currency short=True %}       €1,235 · €1.23M
  {% number value "tickets" %}  {% number value "days" decimals=1 %}    12 tickets
  {% percent 1.12 %}                                                    112.0% (takes a ratio)
  {% measure value unit currency %}       by unit: money, ratio, percent, points, or a noun
  {% delta change "points" good="up" %}   sign, colour and shape; good = up, down or none; unit as in measure
  {% date day %}  {% date moment relative=True %}                       22 Nov 2026, relative on hover
  {% tier tier %}  {% health score band %}  {% redacted value %}
  {% sparkline values "ARR, last 12 months" tone="accent" %}            server-drawn SVG

Marks and openers:
  {% icon "search" %}  {% icon "alert-triangle" label="At risk" %}      names: static/icons.json
  {% provisional reason %}  {% provisional reason short=True %}         a number made from data older than expected
  {% chip "Renewal in 40 days" tone="amber" icon="clock" url="…" %}     tone: red amber green accent neutral
  {% how url "How NRR is counted" %}                                    the small "how" opener
  {% explained url "NRR" %}{% percent nrr %}{% endexplained %}          makes the number itself the opener

Blocks:
  {% panel title="Open tickets" span=6 as_of=day how_url=url %}…{% endpanel %}
  {% state "empty" "No open tickets" %}What to do next.{% endstate %}   empty forbidden error partial
  {% data_table "Open tickets" %}<thead>…</thead><tbody>…</tbody>{% enddata_table %}
  {% sort_header "ARR" "arr" numeric=True %}                            a <th> that sorts by the URL's ?sort=
  {% field form.name %}                                                 label above, help below, error beside
  {% chart chart %}                                                     a common.charts.Chart
"""

from common.tags import blocks, marks, values
from common.tags.library import register

__all__ = ("blocks", "marks", "register", "values")
