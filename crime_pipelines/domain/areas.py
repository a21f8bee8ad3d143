"""Community areas: which numbers are areas, and what is known of each."""

from __future__ import annotations

from typing import Final, NamedTuple

from crime_pipelines.domain.text import literal


class Area(NamedTuple):
    """A community area of Chicago.

    Attributes:
        number: its number, 1 to 77.
        name: its name.
        residents: its residents by the census of 2020.
    """

    number: int
    name: str
    residents: int


#: Source: City of Chicago (names), United States census of 2020 (residents).
AREAS: Final = (
    Area(1, "Rogers Park", 55_628),
    Area(2, "West Ridge", 77_122),
    Area(3, "Uptown", 57_182),
    Area(4, "Lincoln Square", 40_494),
    Area(5, "North Center", 35_114),
    Area(6, "Lake View", 103_050),
    Area(7, "Lincoln Park", 70_492),
    Area(8, "Near North Side", 105_481),
    Area(9, "Edison Park", 11_525),
    Area(10, "Norwood Park", 38_303),
    Area(11, "Jefferson Park", 26_216),
    Area(12, "Forest Glen", 19_596),
    Area(13, "North Park", 17_559),
    Area(14, "Albany Park", 48_396),
    Area(15, "Portage Park", 63_020),
    Area(16, "Irving Park", 51_940),
    Area(17, "Dunning", 43_147),
    Area(18, "Montclare", 14_401),
    Area(19, "Belmont Cragin", 78_116),
    Area(20, "Hermosa", 24_062),
    Area(21, "Avondale", 36_257),
    Area(22, "Logan Square", 71_665),
    Area(23, "Humboldt Park", 54_165),
    Area(24, "West Town", 87_781),
    Area(25, "Austin", 96_557),
    Area(26, "West Garfield Park", 17_433),
    Area(27, "East Garfield Park", 19_992),
    Area(28, "Near West Side", 67_881),
    Area(29, "North Lawndale", 34_794),
    Area(30, "South Lawndale", 71_399),
    Area(31, "Lower West Side", 33_751),
    Area(32, "The Loop", 42_298),
    Area(33, "Near South Side", 28_795),
    Area(34, "Armour Square", 13_890),
    Area(35, "Douglas", 20_291),
    Area(36, "Oakland", 6_799),
    Area(37, "Fuller Park", 2_567),
    Area(38, "Grand Boulevard", 24_589),
    Area(39, "Kenwood", 19_116),
    Area(40, "Washington Park", 12_707),
    Area(41, "Hyde Park", 29_456),
    Area(42, "Woodlawn", 24_425),
    Area(43, "South Shore", 53_971),
    Area(44, "Chatham", 31_710),
    Area(45, "Avalon Park", 9_458),
    Area(46, "South Chicago", 27_300),
    Area(47, "Burnside", 2_527),
    Area(48, "Calumet Heights", 13_088),
    Area(49, "Roseland", 38_816),
    Area(50, "Pullman", 6_820),
    Area(51, "South Deering", 14_105),
    Area(52, "East Side", 21_724),
    Area(53, "West Pullman", 26_104),
    Area(54, "Riverdale", 7_262),
    Area(55, "Hegewisch", 10_027),
    Area(56, "Garfield Ridge", 35_439),
    Area(57, "Archer Heights", 14_196),
    Area(58, "Brighton Park", 45_053),
    Area(59, "McKinley Park", 15_923),
    Area(60, "Bridgeport", 33_702),
    Area(61, "New City", 43_628),
    Area(62, "West Elsdon", 18_394),
    Area(63, "Gage Park", 39_540),
    Area(64, "Clearing", 24_473),
    Area(65, "West Lawn", 33_662),
    Area(66, "Chicago Lawn", 55_931),
    Area(67, "West Englewood", 29_647),
    Area(68, "Englewood", 24_369),
    Area(69, "Greater Grand Crossing", 31_471),
    Area(70, "Ashburn", 41_098),
    Area(71, "Auburn Gresham", 44_878),
    Area(72, "Beverly", 20_027),
    Area(73, "Washington Heights", 25_065),
    Area(74, "Mount Greenwood", 18_628),
    Area(75, "Morgan Park", 21_186),
    Area(76, "O'Hare", 13_418),
    Area(77, "Edgewater", 56_296),
)
_NUMBERS: Final = frozenset(area.number for area in AREAS)
#: How an area's number may be written: `7`, `07`, and `7.0`, as spreadsheets and data frames save it.
_SPELLINGS: Final = {
    spelling: number
    for number in sorted(_NUMBERS)
    for spelling in (str(number), f"{number:02d}", f"{number}.0")
}
#: What the City writes for "no area known".
NO_AREA: Final = "0"
#: What departments write for it: read, and no cause for a warning.
UNKNOWN_SPELLINGS: Final = (NO_AREA, "00", "0.0")


def community_area(text: str | None) -> int | None:
    """The number of a community area.

    Args:
        text: the trimmed number as written, or None.

    Returns:
        1 to 77, or None (the unknown area) for anything else.
    """
    return _SPELLINGS.get(text) if text else None


def community_area_sql(column: str) -> str:
    """The SQL face of `community_area`.

    Args:
        column: a SQL expression of the trimmed text.

    Returns:
        A SQL expression of an integer, NULL for the unknown area.
    """
    # Not `column IN (...)`: DuckDB joins a long list to every row, even from a branch of a CASE that few
    # rows take. Once nothing but digits and points is left, LIKE has no wildcards to trip over.
    listed = literal(f"|{'|'.join(_SPELLINGS)}|")
    return (
        f"CASE WHEN TRANSLATE({column}, '0123456789.', '') = '' AND {listed} LIKE '%|' || {column} || '|%' "
        f"THEN CAST(REPLACE({column}, '.0', '') AS BIGINT) END"
    )
