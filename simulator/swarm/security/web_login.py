"""The web page's login: one user and password, asked for on every route, Locust's and ours.

Locust brings the login page and the `--web-login` option; who may log in is left to us.
"""

import binascii
import hashlib
import hmac
import logging
import secrets
from base64 import b64decode
from collections.abc import Collection, MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import gevent
from flask import Blueprint, Response, current_app, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_login import UserMixin, current_user, login_user

from simulator.swarm.security.secret_source import SecretError, read_secret
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

VARIABLE = "BEST_FLEET_WEB_LOGIN"
OPTION = "--web-login-file"
LOGIN_LASTS = timedelta(hours=12)
WRONG_DELAY_S = 1.0
"""How long a wrong password waits for its answer."""
CHALLENGE = ("WWW-Authenticate", 'Basic realm="best-fleet", charset="UTF-8"')
"""What a route that programs ask says of how to log in."""


@dataclass(frozen=True, slots=True)
class WebLogin:
    """Who may use the web page. `repr` does not show the password."""

    user: str
    password: str = field(repr=False)

    def fits(self, user: str, password: str) -> bool:
        """Whether somebody may come in; takes as long for a wrong guess as for a right one."""
        return hmac.compare_digest(_digest(self.user, self.password), _digest(user, password))

    def fits_header(self, authorization: str) -> bool:
        """Likewise for the `Authorization` of a request that brings the login along (HTTP basic authentication)."""
        scheme, _, packed = authorization.partition(" ")
        try:
            user, _, password = b64decode(packed.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and self.fits(user, password)


def _digest(user: str, password: str) -> bytes:
    return hashlib.sha256(f"{len(user)}:{user}:{password}".encode("utf-8", "surrogatepass")).digest()


def read_web_login(environment: MutableMapping[str, str], login_file: str | None) -> WebLogin | None:
    """The user and password that were given as `user:password`; None if none were.

    Raises:
        SecretError: If what is given cannot be used.
    """
    given = read_secret(environment, VARIABLE, OPTION, login_file)
    if given is None:
        return None
    user, colon, password = given.partition(":")
    if not (user and colon and password):
        raise SecretError(
            _("{value} must hold user:password", value=f"{OPTION} {login_file}" if login_file else VARIABLE)
        )
    return WebLogin(user, password)


class _User(UserMixin):  # type: ignore[misc]
    def __init__(self, name: str) -> None:
        self.id = name


def require_login(web_ui: Any, login: WebLogin, prefix: str, programs: Collection[str] = ()) -> None:
    """Ask for the login on every route of Locust's web UI but the login page and what it shows.

    Args:
        prefix: `--web-base-path`, without a slash at its end.
        programs: paths below it that only read, and that programs ask, which bring the login along with each request.
    """
    app = web_ui.app
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        # Cookies are shared by all ports of a host: two fleets on one machine must not log each other out.
        SESSION_COOKIE_NAME=f"best_fleet_{web_ui.port}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=bool(web_ui.tls_cert and web_ui.tls_key),
        PERMANENT_SESSION_LIFETIME=LOGIN_LASTS,
    )
    web_ui.auth_args = {"username_password_callback": f"{prefix}/login", "title": "best-fleet"}
    user = _User(login.user)
    web_ui.login_manager.user_loader(lambda name: user if name == login.user else None)

    def ask() -> ResponseReturnValue | None:
        path = request.path.removeprefix(prefix)
        if _is_open(path) or current_user.is_authenticated:
            return None
        if path in programs and (given := request.headers.get("Authorization")) is not None:
            if login.fits_header(given):
                return None
            gevent.sleep(current_app.config.get("WRONG_DELAY_S", WRONG_DELAY_S))
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect(f"{prefix}/login")
        answer = Response(_("best-fleet: log in first\n"), status=401, mimetype="text/plain")
        if path in programs:
            answer.headers.add(*CHALLENGE)
        return answer

    def log_in() -> ResponseReturnValue:
        if not login.fits(request.form.get("username", ""), request.form.get("password", "")):
            logger.warning(_("somebody tried to log in to the web page with a wrong user or password"))
            gevent.sleep(current_app.config.get("WRONG_DELAY_S", WRONG_DELAY_S))
            session["auth_error"] = _("Wrong user or password")
            return redirect(f"{prefix}/login")
        session.clear()
        session.permanent = True
        login_user(user)
        return redirect(f"{prefix}/")

    blueprint = Blueprint("fleet_login", __name__, url_prefix=prefix or None)
    blueprint.add_url_rule("/login", "log_in", log_in, methods=["POST"])
    app.register_blueprint(blueprint)
    app.before_request(ask)


def _is_open(path: str) -> bool:
    return path == "/login" or path.startswith("/assets/")
