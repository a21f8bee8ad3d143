"""Service accounts of the local cloud, each with a token of its own; importing this needs no library."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final, NamedTuple

#: Those of terraform/iam.tf that call anything here, and Cloud Storage's own agent.
ACCOUNTS: Final = (
    "charts",
    "feed",
    "job-1",
    "job-2",
    "load",
    "push",
    "scheduler",
    "start",
    "start-http",
    "storage-agent",
    "stream",
    "surges",
)
#: Tells a stand-in behind a door who calls, as an access token tells Google.
ACCOUNT_HEADER: Final = "x-crime-pipelines-account"
_PREFIX: Final = "crime-"
_DIGITS: Final = 32


class Function(NamedTuple):
    """A function.

    Attributes:
        signature: its signature.
        topic: the setting that names its topic; None for one that is asked over HTTP.
        account: its account's short name.
        needs_stream: whether Terraform deploys it with a stream alone.
    """

    signature: str
    topic: str | None
    account: str
    needs_stream: bool = False


#: The functions that are served here, by entry point: all but `poll_feed`, which asks the City's own API.
FUNCTIONS: Final = {
    "start_processing": Function("cloudevent", "files_topic", "start"),
    "start_processing_http": Function("http", None, "start-http"),
    "load_tables": Function("cloudevent", "finished_topic", "load"),
    "render_charts": Function("cloudevent", "answers_topic", "charts"),
    "watch_surges": Function("cloudevent", "answers_topic", "surges", needs_stream=True),
}


def email(account: str, project: str) -> str:
    """Return an account's address.

    Args:
        account: its short name, such as ``job-1``.
        project: the project.

    Returns:
        ``crime-ACCOUNT@PROJECT.iam.gserviceaccount.com``.
    """
    return f"{_PREFIX}{account}@{project}.iam.gserviceaccount.com"


def account_of(address: str) -> str:
    """Return the short name of an account.

    Args:
        address: its address.

    Returns:
        The name; empty for an address of no account of ours.
    """
    name, _, domain = address.partition("@")
    return name.removeprefix(_PREFIX) if domain and name.startswith(_PREFIX) else ""


def token_of(token: str, account: str) -> str:
    """Return an account's token.

    Args:
        token: the run's token, which is its user's.
        account: the account's short name; empty for the user.

    Returns:
        The token, in hexadecimal digits.
    """
    if not account:
        return token
    return hmac.new(token.encode(), account.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def accounts_by_token(token: str) -> Mapping[str, str]:
    """Return the accounts by their tokens.

    Args:
        token: the run's token.

    Returns:
        The accounts' short names; empty for the run's own token.
    """
    return {token_of(token, account): account for account in ("", *ACCOUNTS)}


def caller(given: str, accounts: Mapping[str, str]) -> str | None:
    """Find whose token a call brings.

    Args:
        given: the token that it brings.
        accounts: the accounts by their tokens.

    Returns:
        The account's short name, empty for the user; None where the token is nobody's.
    """
    found = None
    for token, account in accounts.items():
        if hmac.compare_digest(given.encode(errors="replace"), token.encode()):
            found = account
    return found
