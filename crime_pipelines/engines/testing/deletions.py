"""Files with tombstones, which every engine must read alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from crime_pipelines.engines.testing.inputs import row, write
from crime_pipelines.synthetic import HEADER


def deletions(folder: Path) -> None:
    """Tombstones: earlier, later, of the same time, alone, repeated, without what they need."""
    header = HEADER + ",Deleted"
    later, earlier = "02/11/2018 03:50:01 PM", "02/09/2018 03:50:01 PM"
    write(folder / "1.csv", [row(number) for number in range(1, 10)])
    write(folder / "2.csv", [
        row(1) + ",true", row(2, Updated_On=later) + ",Y", row(3, Updated_On=earlier) + ",1",
        "4" + "," * 18 + f"{later}" + "," * (len(HEADER.split(",")) - 19) + ",true",
        row(5, Updated_On=later, Date="bad", Arrest="perhaps") + ",t",
        row(5, Updated_On="03/01/2018 01:00:00 AM") + ",",
        row(6, Updated_On="") + ",true", row(6, Updated_On="soon") + ",true",
        row("", Updated_On=later) + ",true",
        row("x") + ",yes", row(7) + ",perhaps", row(8, Ward="x") + ", maybe ", row(9) + ", NULL ",
        row(20) + ",true", row(20) + ",true", row(21) + ",no", row(22) + ",false", row(23) + ",",
        row(24, Date="02/29/2016 10:00:00 PM", Updated_On="02/29/2016 11:00:00 PM") + ",\u00a0TRUE\u3000",
    ], header=header)  # fmt: skip
    shifted = HEADER + ",Shift Years,deleted"
    write(folder / "3.csv.gz", [
        row(2, Updated_On=later) + ",,false", row(21, Updated_On="02/10/2021 03:50:01 PM") + ",3,true",
        row(22, Updated_On="02/10/2021 03:50:02 PM") + ",3,true", row(23) + ",x,true",
    ], header=shifted)  # fmt: skip


def all_deleted_but_one(folder: Path) -> None:
    """Incidents of years of their own that are deleted, so that nothing of those years is left."""
    dates = {number: f"03/15/{2010 + number} 02:30:00 PM" for number in range(1, 5)}
    rows = [row(number, Date=date) for number, date in dates.items()]
    tombstones = [row(number) + ",true" for number in dates if number != 4]
    write(folder / "1.csv", rows)
    write(folder / "2.csv", tombstones, header=HEADER + ",deleted")


DELETIONS: Final[dict[str, Callable[[Path], None]]] = {
    each.__name__: each for each in (deletions, all_deleted_but_one)
}
