"""The functions' entry points, as functions-framework and Cloud Run functions load them.

They hold no rule: each says what its event means and hands it to the function that does the work.
"""

from __future__ import annotations

import logging
from typing import Any

import flask
import functions_framework
from cloudevents.http import CloudEvent
from google.api_core.exceptions import GoogleAPICallError, RetryError

from crime_pipelines.cloud.functions import runtime as serving
from crime_pipelines.cloud.functions.events import arrival, content
from crime_pipelines.errors import InputError

serving.prepare()
_log = logging.getLogger(__name__)
_ACCEPTED, _BAD_REQUEST, _NOT_ALLOWED, _UNAVAILABLE = 202, 400, 405, 503


@functions_framework.cloud_event
def start_processing(event: CloudEvent) -> None:
    """Start a run on Dataproc, once, when an incident file has landed or the scheduler ticks.

    Args:
        event: Cloud Storage's notification or the tick, through Pub/Sub; or Cloud Storage's own event.
    """
    from crime_pipelines.cloud.functions.start import on_arrival

    with serving.handled(event["id"], dict(flask.request.headers)):
        settings = serving.settings()
        on_arrival(
            arrival(event["type"], event.get_data()),
            settings,
            serving.storage(),
            serving.dataproc(settings.architecture),
        )


@functions_framework.http
def start_processing_http(request: flask.Request) -> tuple[Any, int]:
    """Start a run on Dataproc on request; a run that is named is started once.

    Args:
        request: a POST of JSON: source, and maybe run_id, shift_years, as_of, layout, architecture,
            serverless.

    Returns:
        The answer and its status.
    """
    from crime_pipelines.cloud.functions.start import asked, body_of, on_request

    with serving.traced(dict(request.headers)):
        if request.method != "POST":
            return "POST a JSON object with a source\n", _NOT_ALLOWED
        try:
            wanted = asked(body_of(request.get_data()), serving.settings())
            settings = serving.settings_for(wanted.architecture)
            answer = on_request(wanted, settings, serving.storage(), serving.dataproc(settings.architecture))
        except InputError as error:
            return f"{serving.one_line(str(error))}\n", _BAD_REQUEST
        except (GoogleAPICallError, RetryError) as error:
            _log.exception("the run could not be started")
            return f"{serving.one_line(str(error.message))}\n", _UNAVAILABLE
        return answer, _ACCEPTED


@functions_framework.cloud_event
def load_tables(event: CloudEvent) -> None:
    """Load a finished run of architecture 1 into BigQuery, reconcile it, and refresh the answers.

    Args:
        event: the message of the job.
    """
    from crime_pipelines.cloud.functions.load import on_finished

    with serving.handled(event["id"], dict(flask.request.headers)):
        on_finished(content(event["type"], event.get_data()), serving.settings())


@functions_framework.cloud_event
def render_charts(event: CloudEvent) -> None:
    """Answers are fresh: write the report and its charts.

    Args:
        event: the message of whoever made the answers.
    """
    from crime_pipelines.cloud.functions.charts import on_answers

    with serving.handled(event["id"], dict(flask.request.headers)):
        on_answers(content(event["type"], event.get_data()), serving.settings(), serving.storage())


@functions_framework.cloud_event
def watch_surges(event: CloudEvent) -> None:
    """Answers are fresh: publish the surges that are new.

    Args:
        event: the message of whoever made the answers.
    """
    from crime_pipelines.cloud.functions.surges import on_answers

    with serving.handled(event["id"], dict(flask.request.headers)):
        on_answers(content(event["type"], event.get_data()), serving.settings())


@functions_framework.cloud_event
def poll_feed(event: CloudEvent) -> None:
    """Publish the City's new incidents when the feed's schedule ticks.

    Args:
        event: the tick, through Pub/Sub.
    """
    from crime_pipelines.cloud.functions.feed import on_tick

    with serving.handled(event["id"], dict(flask.request.headers)):
        on_tick(serving.settings())
