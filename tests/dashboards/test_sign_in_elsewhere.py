"""Who may come in by a provider elsewhere."""

import pytest
from panel.auth import AUTH_PROVIDERS

from workbench.dashboards.sign_in_elsewhere import ElsewhereProvider, Guests, providers
from workbench.desks.audit import AuditLog
from workbench.errors import ConfigurationError
from workbench.sections.access import LoginSettings
from workbench.security.gate import Gate


@pytest.mark.parametrize(
    ("patterns", "name", "is_welcome"),
    [
        ([], "anyone", True),
        (["ada"], "ada", True),
        (["ada"], "Ada", True),
        (["ada"], "adam", False),
        (["*@example.org"], "ada@example.org", True),
        (["*@example.org"], "ada@example.org.evil.example", False),
        (["*@example.org"], "ada@notexample.org", False),
        (["ada", "bob"], "", False),
    ],
)
def test_who_is_welcome(patterns: list[str], name: str, is_welcome: bool) -> None:
    assert Guests(patterns).welcome(name) is is_welcome


def test_every_provider_of_panel_that_leads_elsewhere_is_known() -> None:
    assert {"auth0", "auth_code", "azure", "generic", "github", "gitlab", "google", "okta"} <= providers().keys()
    assert not {"password", "pam"} & providers().keys()
    for name in providers():
        handler = ElsewhereProvider(name, Guests(()), AuditLog(), "secret").login_handler
        assert issubclass(handler, AUTH_PROVIDERS[name])


@pytest.mark.parametrize("name", ["githup", "password", ""])
def test_a_provider_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=rf'there is no provider "{name}"; there are .*github, gitlab'):
        ElsewhereProvider(name, Guests(()), AuditLog(), "secret")


@pytest.mark.parametrize(
    ("login", "is_said"),
    [
        ({"oauth_provider": "github"}, True),
        ({"oauth_provider": "google", "oauth_users": ("*@example.org",)}, False),
        ({"oauth_provider": "azure"}, True),
        ({"oauth_provider": "azure", "oauth_extra_params": {"tenant": "ours"}}, False),
        ({"oauth_provider": "generic"}, False),
        ({"users": "users.json"}, False),
    ],
)
def test_a_server_that_lets_strangers_in_says_so(login: dict[str, object], is_said: bool) -> None:
    notices = Gate(login=LoginSettings.model_validate(login)).notices()
    assert [notice for notice in notices if "login.oauth_users" in notice] == list(notices) * is_said
    assert bool(notices) is is_said
