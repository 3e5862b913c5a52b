"""Locust's own page, dressed for a fleet: our link and icon, the scenario's name, and a host that stands there already.

Locust's files stay as they are. The link has a row of its own above the page, so that it covers nothing.
"""

from html import escape
from typing import Any, Final

import orjson
from flask import Response

from simulator.scenario.scenario import Scenario
from simulator.swarm.web.language import TAGS
from simulator.texts.language import spoken
from simulator.texts.translation import _

_STYLE: Final = (
    ".best-fleet{display:flex;flex-wrap:wrap;gap:2px 18px;align-items:center;padding:7px 16px;background:#10331f;"
    "color:#fff;font:14px/1.4 system-ui,'Noto Sans','Noto Sans CJK SC',sans-serif}"
    ".best-fleet b{overflow-wrap:anywhere}"
    ".best-fleet a{margin-left:auto;padding:2px 12px;border-radius:6px;background:#fff;color:#10331f;font-weight:600;"
    "text-decoration:none}.best-fleet a:focus-visible{outline:3px solid #8fd6ab;outline-offset:2px}"
    # Locust's own colours that cannot be read: its Reset button, and in the dark what is green.
    ".MuiButton-contained.MuiButton-colorWarning{background:#b45309!important}"
    ".best-fleet-dark #root .Mui-selected,.best-fleet-dark #root main a,.best-fleet-dark #root .MuiLink-root"
    "{color:#4ade80!important}"
)


def dressed(page: str, prefix: str, scenario: Scenario | None) -> str:
    """Locust's page with our row above it, the scenario's name in its title, and our icon.

    Args:
        prefix: the path under which the pages are, without a slash at its end.
    """
    name = escape(scenario.name if scenario is not None else "best-fleet")
    icon = f'<link rel="icon" type="image/svg+xml" href="{prefix}/fleet/assets/favicon.svg">'
    script = f'<script type="module" src="{prefix}/fleet/assets/locust.js"></script>'
    title = escape(_("Fleet"))
    row = (
        f'<nav class="best-fleet" lang="{TAGS[spoken()]}" aria-label="best-fleet"><b>{name}</b>'
        f'<a href="{prefix}/fleet">{title}</a></nav>'
    )
    head, _body, rest = page.partition("<body>")
    # Locust names two icons, one for light and one for dark.
    kept = "\n".join(line for line in head.splitlines() if 'rel="shortcut icon"' not in line)
    kept = kept.replace("<title>Locust</title>", f"<title>{name} – Locust</title>{icon}{script}<style>{_STYLE}</style>")
    return f"{kept}<body>{row}{rest}"


def with_state(answer: Response, state: str) -> Response:
    """What `/stats/requests` answers, with our word for the runner's state (`shown_state`).

    Locust's page goes back to its form, and asks no more, as soon as it reads `ready` there.
    """
    told = answer.get_json()
    if told.get("state") == state:
        return answer
    # Locust hands out the same answer for two seconds: it must stay as it is.
    return Response(orjson.dumps(told | {"state": state}), mimetype="application/json")


def preset(web_ui: Any, shown: str) -> None:
    """Have Locust's form show `shown` as its host, and not ask for one: the scenario knows it."""
    update = web_ui.update_template_args

    def update_with_host() -> None:
        update()
        args = web_ui.template_args
        args["host"] = args["host"] or shown
        args["missing_host_warning"] = args["override_host_warning"] = False

    web_ui.update_template_args = update_with_host
