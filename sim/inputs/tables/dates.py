"""Dates as people write them, the day before the month where figures leave it open."""

from __future__ import annotations

from datetime import date, datetime

FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y")
SHORT = ("%d/%m/%y", "%d.%m.%y", "%d-%b-%y", "%d %b %y")


def date_in(text: str) -> date | None:
    """Return the date that a text holds, as 2027-04-01, 01/04/2027 or 1 April 2027; else None."""
    # A workbook may add a time of day.
    text = " ".join(text.split()).removesuffix(" 00:00:00")
    for form in (*FORMS, *SHORT):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None
