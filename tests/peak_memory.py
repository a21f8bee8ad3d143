"""The command line, followed by the most memory it took, in bytes, as the last line on standard error."""

from __future__ import annotations

import resource
import subprocess
import sys

if __name__ == "__main__":
    done = subprocess.run(  # a process of its own: the peak of this one is no part of it
        [sys.executable, "-c", "from crime_pipelines.cli.main import main; main()", *sys.argv[1:]],
        check=False,
    )
    kilobytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    sys.stderr.write(f"\n{kilobytes * 1024}\n")
    sys.exit(done.returncode)
