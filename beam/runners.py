"""The runners that a batch may go to, by the names of `--beam-runner`."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Final

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineRunner

from crime_pipelines.errors import InputError

DIRECT: Final = "direct"
PRISM: Final = "prism"
RUNNERS: Final = (DIRECT, PRISM)
#: Names the Prism binary where it is not on the PATH.
PRISM_VARIABLE: Final = "PRISM"


def runner_of(name: str) -> tuple[PipelineRunner, PipelineOptions]:
    """Return a runner, and the options for a pipeline on it.

    Args:
        name: one of `RUNNERS`.

    Returns:
        Both. The direct runner is named by its class: Beam's own ``DirectRunner`` chooses between several
        runners, Prism among them, by what a pipeline holds.

    Raises:
        InputError: there is no such runner here.
    """
    if name == DIRECT:
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner

        # One worker, in this process. With several threads this runner was seen to lose elements on the way
        # (1.4 % of 2 million rows, as the row_counts told): they share buffers that are made without a lock.
        return FnApiRunner(), PipelineOptions([], direct_running_mode="in_memory", direct_num_workers=1)
    if name == PRISM:
        from apache_beam.runners.portability.prism_runner import PrismRunner

        # It says in its log when it begins and ends, and warns that it is stopped when the process ends.
        logging.getLogger("apache_beam.utils.subprocess_server").setLevel(logging.ERROR)
        return PrismRunner(), PipelineOptions(
            [], prism_location=prism_binary(), prism_log_level="error", environment_type="LOOPBACK"
        )
    raise InputError(f"--beam-runner {name}: there is no such runner here; there is {', '.join(RUNNERS)}")


def prism_binary() -> str:
    """Find the Prism binary: as the variable `PRISM` says, on the PATH, or where Go puts it.

    Returns:
        Its path.

    Raises:
        InputError: there is none.
    """
    named = os.environ.get(PRISM_VARIABLE, "")
    go = Path(os.environ.get("GOPATH") or Path.home() / "go") / "bin" / "prism"
    found = shutil.which(named or "prism") or (str(go) if not named and go.is_file() else None)
    if found is None:
        from apache_beam.version import __version__

        raise InputError(
            f"--beam-runner prism: {named or 'prism'} is not there; get it by "
            f"'go install github.com/apache/beam/sdks/v2/go/cmd/prism@v{__version__}' "
            f"and name it in the variable {PRISM_VARIABLE}"
        )
    return found
