"""Google's REST APIs that no client library of ours speaks to, asked for what a project has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from crime_pipelines.errors import PipelineError

if TYPE_CHECKING:
    from requests import Session

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform.read-only"
_HOSTS: Final = {
    "cloudkms": "https://cloudkms.googleapis.com/",
    "cloudresourcemanager": "https://cloudresourcemanager.googleapis.com/",
    "compute": "https://compute.googleapis.com/",
    "serviceusage": "https://serviceusage.googleapis.com/",
}
_SECONDS: Final = 60


class NotSeenError(PipelineError):
    """An API that does not answer, or does not let us look."""


class GoogleRest:
    """Google's REST APIs."""

    def __init__(self) -> None:
        """Nothing is asked yet; credentials are looked for at the first call."""
        self._sessions: dict[str, Session] = {}

    def ask(self, api: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask an API.

        Args:
            api: its name, such as ``compute``. As for gcloud, ``CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE``
                names another address; it is spoken to without credentials where it begins with ``http://``.
            path: the path, without a slash at its beginning.
            body: what to post; a GET where there is none.

        Returns:
            The answer.

        Raises:
            NotSeenError: it does not answer, or refuses.
        """
        import requests

        root = os.environ.get(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}") or _HOSTS[api]
        try:
            session = self._session(root)
            answer = (
                session.get(f"{root}{path}", timeout=_SECONDS)
                if body is None
                else session.post(f"{root}{path}", json=body, timeout=_SECONDS)
            )
            found = answer.json()
        except (requests.exceptions.RequestException, ValueError) as error:
            raise NotSeenError(f"{api} does not answer ({' '.join(str(error).split())[:200]})") from error
        if not answer.ok or not isinstance(found, dict):
            said = found.get("error", {}).get("message", "") if isinstance(found, dict) else ""
            raise NotSeenError(f"{api}: {answer.status_code} {said}".strip())
        return found

    def _session(self, root: str) -> Session:
        if root not in self._sessions:
            self._sessions[root] = _plain_session() if root.startswith("http://") else _signed_in()
        return self._sessions[root]


def _plain_session() -> Session:
    import requests

    return requests.Session()


def _signed_in() -> Session:
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import AuthorizedSession

    try:
        credentials, _ = google.auth.default(scopes=[_SCOPE])
    except GoogleAuthError as error:
        raise NotSeenError(f"no credentials ({error}): gcloud auth application-default login") from error
    session: Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
    return session
