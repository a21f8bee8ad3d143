"""`python -m crime_pipelines`: the command line."""

from crime_pipelines.cli.main import main

if __name__ == "__main__":
    main()
