"""Every name and choice that the parts in the cloud agree on, from the environment (docs/architecture.md)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

from crime_pipelines.domain.dates import DEFAULT_SHIFT_YEARS
from crime_pipelines.domain.layouts.chicago import CHICAGO
from crime_pipelines.errors import InputError

#: The environment variable of each setting.
VARIABLES: Final = {
    "project": "GOOGLE_CLOUD_PROJECT",
    "region": "CRIME_REGION",
    "architecture": "CRIME_ARCHITECTURE",
    "landing_bucket": "CRIME_LANDING_BUCKET",
    "sources": "CRIME_SOURCES",
    "lake_bucket": "CRIME_LAKE_BUCKET",
    "report_bucket": "CRIME_REPORT_BUCKET",
    "code_bucket": "CRIME_CODE_BUCKET",
    "staging_bucket": "CRIME_STAGING_BUCKET",
    "dataset": "CRIME_DATASET",
    "answers_dataset": "CRIME_ANSWERS_DATASET",
    "staging_dataset": "CRIME_STAGING_DATASET",
    "published_dataset": "CRIME_PUBLISHED_DATASET",
    "files_topic": "CRIME_FILES_TOPIC",
    "finished_topic": "CRIME_FINISHED_TOPIC",
    "answers_topic": "CRIME_ANSWERS_TOPIC",
    "feed_topic": "CRIME_FEED_TOPIC",
    "feed_subscription": "CRIME_FEED_SUBSCRIPTION",
    "dead_letters_topic": "CRIME_DEAD_LETTERS_TOPIC",
    "surges_topic": "CRIME_SURGES_TOPIC",
    "feed_url": "CRIME_FEED_URL",
    "template": "CRIME_TEMPLATE",
    "shift_years": "CRIME_SHIFT_YEARS",
    "layout": "CRIME_LAYOUT",
    "dataproc_endpoint": "CRIME_DATAPROC_ENDPOINT",
    "dataproc_account": "CRIME_DATAPROC_ACCOUNT",
    "dataproc_subnetwork": "CRIME_DATAPROC_SUBNETWORK",
    "dataproc_autoscaling": "CRIME_DATAPROC_AUTOSCALING",
    "dataproc_shape": "CRIME_DATAPROC_SHAPE",
    "kms_key": "CRIME_KMS_KEY",
    "retry_seconds": "CRIME_RETRY_SECONDS",
    "maximum_bytes_billed": "CRIME_MAXIMUM_BYTES_BILLED",
}
_NUMBERS: Final = frozenset({"architecture", "shift_years", "retry_seconds", "maximum_bytes_billed"})
ARCHITECTURES: Final = (1, 2)
CHICAGO_FEED: Final = "https://data.cityofchicago.org/resource/ijzp-q8t2.json"
DEFAULT_RETRY_SECONDS: Final = 120
#: 1 TiB, some 6 US dollars: enough for a full load of a billion incidents (docs/cost.md).
DEFAULT_BYTES_BILLED: Final = 2**40


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a deployment; those left empty follow from the others.

    Attributes:
        project: the Google Cloud project.
        region: where everything runs.
        architecture: 1 (Parquet in the lake, then BigQuery) or 2 (straight to BigQuery).
        landing_bucket: the bucket that incident files land in.
        sources: URIs that runs may read below, with commas between; the landing bucket where empty.
        lake_bucket: the bucket of runs and their Parquet.
        report_bucket: the bucket of reports and charts.
        code_bucket: the bucket of the wheel and the job files.
        staging_bucket: the bucket of what Dataproc lays by, such as the output of drivers; one that Dataproc
            makes for itself, without our key, where empty.
        dataset: the warehouse's dataset.
        answers_dataset: the dataset of the answers.
        staging_dataset: the dataset that rows are loaded into before they are counted and taken over; nobody
            else reads it.
        published_dataset: the dataset of views of what is fit to be published.
        files_topic: the topic of landed files and of the scheduler's ticks.
        finished_topic: the topic of finished runs.
        answers_topic: the topic of fresh answers.
        feed_topic: the topic of new incidents.
        feed_subscription: the pipeline's subscription to it.
        dead_letters_topic: the topic of messages of the feed that can't become incidents.
        surges_topic: the topic of surges.
        feed_url: the resource of the department's API that new incidents come from, ending in .json.
        template: the id of the workflow template.
        shift_years: calendar years to move every date by.
        layout: the layout of the department whose incidents the warehouse holds: a bundled one's name, or the
            ``gs://`` URI of a TOML file in the code bucket.
        dataproc_endpoint: Dataproc's endpoint, ``HOST:PORT``; with ``http://`` before it, or ``unix:PATH``,
            without TLS.
        dataproc_account: the service account that jobs run as; Dataproc's default where empty.
        dataproc_subnetwork: the subnetwork of clusters and batches, with Private Google Access; the project's
            default network where empty.
        dataproc_autoscaling: the id of the clusters' autoscaling policy; of fixed size where empty.
        dataproc_shape: the machines of clusters: `standard`, `small`, or `single`, one without workers.
        kms_key: the Cloud KMS key of clusters' disks, batches and job arguments; Google's own where empty.
        retry_seconds: how long a call to a Google API that fails for a passing reason is repeated.
        maximum_bytes_billed: bytes that one query may be billed for at most; BigQuery refuses a larger one.
    """

    project: str
    region: str = "us-central1"
    architecture: int = 1
    landing_bucket: str = ""
    sources: str = ""
    lake_bucket: str = ""
    report_bucket: str = ""
    code_bucket: str = ""
    staging_bucket: str = ""
    dataset: str = "crime"
    answers_dataset: str = "crime_answers"
    staging_dataset: str = ""
    published_dataset: str = ""
    files_topic: str = "incident-files"
    finished_topic: str = "run-finished"
    answers_topic: str = "answers-ready"
    feed_topic: str = "incident-feed"
    feed_subscription: str = "incident-feed-pipeline"
    dead_letters_topic: str = "incident-feed-dead-letters"
    surges_topic: str = "surges"
    feed_url: str = CHICAGO_FEED
    template: str = ""
    shift_years: int = DEFAULT_SHIFT_YEARS
    layout: str = CHICAGO.name
    dataproc_endpoint: str = ""
    dataproc_account: str = ""
    dataproc_subnetwork: str = ""
    dataproc_autoscaling: str = ""
    dataproc_shape: str = "standard"
    kms_key: str = ""
    retry_seconds: int = DEFAULT_RETRY_SECONDS
    maximum_bytes_billed: int = DEFAULT_BYTES_BILLED

    def __post_init__(self) -> None:
        """Fill in what follows from other settings.

        Raises:
            InputError: there is no such architecture, or no project.
        """
        if not self.project:
            raise InputError(f"no Google Cloud project is named: set {VARIABLES['project']}")
        if self.architecture not in ARCHITECTURES:
            raise InputError(f"{VARIABLES['architecture']}={self.architecture}: there are 1 and 2")
        derived = {
            "landing_bucket": f"{self.project}-crime-landing",
            "lake_bucket": f"{self.project}-crime-lake",
            "report_bucket": f"{self.project}-crime-reports",
            "code_bucket": f"{self.project}-crime-code",
            "staging_dataset": f"{self.dataset}_staging",
            "published_dataset": f"{self.dataset}_published",
            "template": f"crime-architecture-{self.architecture}",
            "dataproc_endpoint": f"{self.region}-dataproc.googleapis.com:443",
        }
        for name, value in derived.items():
            if not getattr(self, name):
                object.__setattr__(self, name, value)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **options: object) -> Self:
        """Return the settings of this process.

        Args:
            environment: the environment variables; this process's own unless given.
            options: settings that were given otherwise, by field name; None stands for not given.

        Returns:
            The settings: an option before a variable before the default. A variable that is set to nothing
            counts as not set.

        Raises:
            InputError: a setting is needed and missing, or can't be what it is.
        """
        variables = os.environ if environment is None else environment
        values: dict[str, object] = {}
        for name, variable in VARIABLES.items():
            text = variables.get(variable, "").strip()
            if text:
                values[name] = _whole_number(variable, text) if name in _NUMBERS else text
        values.update({name: value for name, value in options.items() if value is not None})
        values.setdefault("project", "")
        unknown = set(values) - set(VARIABLES)
        if unknown:
            raise TypeError(f"there is no setting {', '.join(sorted(unknown))}")
        return cls(**values)  # type: ignore[arg-type]  # each value is of its field's type, by name

    def for_architecture(self, architecture: int) -> Self:
        """Return these settings for the one or the other architecture, with its own workflow template.

        Args:
            architecture: 1 or 2.

        Returns:
            The settings.
        """
        own = str(self.architecture)
        template = f"{self.template.removesuffix(own)}{architecture}" if self.template.endswith(own) else ""
        return replace(self, architecture=architecture, template=template)

    def environment(self) -> dict[str, str]:
        """Return the environment variables that give these settings to another process."""
        return {variable: str(getattr(self, name)) for name, variable in VARIABLES.items()}


def kept_subscription(topic: str) -> str:
    """Return the name of the subscription that keeps a topic's messages for whoever wants to see them."""
    return f"{topic}-kept"


def _whole_number(variable: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise InputError(f"{variable}={text}: is not a whole number") from error
