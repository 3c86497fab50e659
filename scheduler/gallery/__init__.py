"""The proof sheet: the whole campaign on one page, as it would go out. It stands at the end of a rehearsal.

    page      write(): puts the parts below together and replaces index.html last
    tiles     one delivery, and one day, as the page shows them
    facets    the filters and the CSS rules that make them work without a script
    pictures  the files, copied once each under the name of their own hash
    segments  links, @tags and #hashtags found in a text; the direction of a language
    words     what the interface says, in English and French
    feed      the small page of one outbox account

Only data comes in (`Shown`), only a folder goes out: no database, no network, no clock.
"""

from scheduler.gallery.page import write
from scheduler.gallery.shown import Shown, ShownMedium, ShownPart

__all__ = ["Shown", "ShownMedium", "ShownPart", "write"]
