"""Pages that need nothing but themselves: a template with its style, scripts, texts and data inside.

Tables are made here, so that a page reads without scripts; charts are drawn in the browser. The content security
policy forbids a page any network.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from reports import text
from reports.retold import retold
from simulator.shown import printable
from simulator.texts.language import CHINESE, spoken
from simulator.texts.translation import N_, _, ngettext, pgettext, translations

STYLES: Final = ("palette.css", "report.css")
PLAIN_SCRIPTS: Final = ("texts.js", "page.js")
"""Of every page: what it says, and what its buttons and tables do."""
CHART_SCRIPTS: Final = (*PLAIN_SCRIPTS, "charts.js")
LIBRARY: Final = "echarts.common.min.js"
_SCRIPT_TEXTS: Final = re.compile(r'(?<![\w.$])_\(\s*"((?:[^"\\\n]|\\.)*)"')
"""A text that a script says, as `make texts` finds it."""
_HTML_LANGUAGES: Final = {CHINESE: "zh-CN"}


def render_page(
    template: str, data: Mapping[str, Any] | None, scripts: Sequence[str] = PLAIN_SCRIPTS, **values: Any
) -> str:
    """A page made from a template, with style and scripts inside, and the chart library where there is `data`.

    Args:
        template: its name in `templates`.
        data: what charts are drawn from; None for a page without any.
        scripts: names of assets, one after the other.
        values: of the template.
    """
    script = _joined(tuple(scripts))
    said = script_texts(script)
    return (
        _environment()
        .get_template(template)
        .render(
            css=Markup(_joined(STYLES)),
            script=Markup(script),
            echarts=Markup(asset(LIBRARY)) if data is not None else "",
            data=_embedded(data) if data is not None else "",
            page_texts=_embedded(said) if said else "",
            language=_HTML_LANGUAGES.get(spoken(), spoken()),
            **values,
        )
    )


@lru_cache
def asset(name: str) -> str:
    """The text of a file that pages carry inside."""
    return files("reports").joinpath("assets", name).read_text(encoding="utf-8")


def script_texts(script: str) -> dict[str, str]:
    """What a script says: English -> the text in the language that is spoken now; empty where that is English."""
    found = {}
    for written in _SCRIPT_TEXTS.findall(script):
        english = str(orjson.loads(f'"{written}"'))
        translated = translations(spoken()).gettext(english)
        if translated != english:
            found[english] = translated
    return found


@lru_cache
def _joined(names: tuple[str, ...]) -> str:
    return "\n".join(asset(name) for name in names)


def _embedded(data: Mapping[str, Any]) -> Markup:
    """JSON that cannot end its script element, whatever text it holds."""
    return Markup(orjson.dumps(data).decode().replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def _shown(value: Any) -> Any:
    """A value of a template: a text's control characters as their escapes, line by line."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return "\n".join(map(printable, value.split("\n")))
    return value


# --- Moments: in UTC here, in the reader's own time once the page's script has seen them ---


def moment_tag(epoch: float) -> Markup:
    """Date and time, to the second."""
    return _time_tag(datetime.fromtimestamp(epoch, UTC), "moment", text.moment(epoch))


def clock_tag(epoch: float) -> Markup:
    """The time of day, to the second."""
    return _time_tag(datetime.fromtimestamp(epoch, UTC), "clock", text.clock(epoch))


def clock_tag_of(iso: str) -> Markup:
    """The time of day of a moment in ISO 8601 (UTC), to the second."""
    return _tag(iso, "clock", text.clock_of(iso))


def moment_tag_of(iso: str) -> Markup:
    """Date and time of a moment in ISO 8601 (UTC), to the second."""
    return _tag(iso, "moment", f"{iso[:10]} {text.clock_of(iso)}")


def coded(prose: str) -> Markup:
    """A sentence, in which what stands between two backticks is code."""
    parts = printable(prose).split("`")
    if len(parts) % 2 == 0:
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    tags = (Markup("<code>{}</code>" if number % 2 else "{}") for number in range(len(parts)))
    return Markup("").join(tag.format(part) for tag, part in zip(tags, parts, strict=True))


def _time_tag(moment: datetime, form: str, written: str) -> Markup:
    return _tag(moment.isoformat(timespec="seconds").replace("+00:00", "Z"), form, written)


def _tag(iso: str, form: str, written: str) -> Markup:
    return Markup('<time datetime="{}" data-form="{}">{}</time>').format(iso, form, written)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    # `{% trans %}` is the extension's; `_` and its like are those of all sources, with their values in braces
    environment.install_gettext_callables(_translated, _translated_number, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {"_": _, "ngettext": ngettext, "pgettext": pgettext, "N_": N_}
    for function in (
        text.milliseconds,
        text.count,
        text.rate,
        text.percent,
        text.size,
        text.duration,
        text.moment,
        text.clock,
        text.clock_of,
        text.codes,
        text.tally,
        text.threshold_value,
        text.judged_word,
        retold,
        text.bound,
        moment_tag,
        clock_tag,
        clock_tag_of,
        moment_tag_of,
        coded,
    ):
        environment.filters[function.__name__] = function
    return environment


def _translated(message: str) -> str:
    return translations(spoken()).gettext(message)


def _translated_number(singular: str, plural: str, number: int) -> str:
    return translations(spoken()).ngettext(singular, plural, number)
