"""The shapes of time in the incident file and its small oddities: when things happen, what is recorded."""

# Per rhythm: incidents by hour of the day in thousandths | thousandths of times at minute 0, at minute 30 and
# at any multiple of five, then of times at exactly 00:00, 00:01 and 12:00, which stand for "time unknown".
_RHYTHMS = """
theft: 41 24 19 16 12 12 16 23 36 51 46 48 68 58 61 64 62 63 62 56 50 41 41 32 | 462 184 882 13 14 34
battery: 50 47 44 35 25 18 17 21 29 33 38 43 43 42 44 54 52 49 51 50 52 54 57 52 | 226 163 792 4 4 10
damage: 59 41 34 32 26 20 23 27 34 38 33 32 39 34 37 43 42 53 57 55 61 62 66 53 | 426 175 857 15 13 19
narcotics: 29 15 9 5 2 1 10 8 19 26 51 74 66 61 56 50 47 40 67 95 85 72 64 50 | 86 72 577 1 1 7
assault: 30 24 21 15 11 10 13 21 38 44 49 53 59 57 60 70 64 62 58 56 53 49 45 37 | 246 163 791 3 2 17
other: 44 21 16 12 9 10 16 27 45 69 61 54 70 51 50 57 51 51 53 55 51 49 41 35 | 350 120 707 11 13 34
fraud: 98 13 11 10 7 7 8 16 48 120 69 48 119 55 60 58 51 47 40 39 28 18 18 14 | 541 108 819 42 47 89
burglary: 35 23 20 20 21 25 34 55 67 64 56 52 64 49 50 51 44 49 47 42 36 34 33 27 | 507 199 893 11 11 38
vehicle: 49 31 26 19 18 19 28 35 38 41 32 29 40 28 34 40 45 51 62 62 68 69 80 55 | 570 200 931 15 15 27
robbery: 49 48 41 38 31 25 22 18 20 26 28 34 36 39 41 45 52 54 56 60 58 61 64 54 | 196 159 797 3 4 6
trespass: 34 27 23 16 14 12 17 26 30 38 47 51 57 50 53 60 59 58 64 66 59 49 49 40 | 181 120 692 3 3 12
weapons: 61 40 23 16 8 4 11 10 14 18 32 37 44 37 41 45 41 42 60 86 83 86 89 72 | 48 40 377 2 2 2
children: 149 19 14 15 12 12 13 28 45 49 39 34 56 38 46 67 63 59 59 50 44 34 31 25 | 488 139 822 83 53 34
police: 45 36 27 19 12 4 5 9 16 23 34 47 44 42 43 62 55 58 60 80 78 68 71 63 | 96 74 537 2 2 6
sexual: 135 63 68 58 49 36 17 24 23 18 24 17 32 21 21 33 38 31 32 44 34 52 66 64 | 557 175 887 53 45 21
vice: 34 18 26 17 9 13 31 32 65 37 31 22 33 18 19 6 13 14 41 76 138 145 102 59 | 106 106 750 2 1 3
homicide: 76 63 63 63 45 36 31 26 22 24 19 22 34 25 30 39 39 36 40 45 48 57 57 63 | 89 69 452 4 10 3
"""
RHYTHMS = {name: shape for name, _, shape in (line.partition(": ") for line in _RHYTHMS.strip().splitlines())}
# Reported by citizens, often days later: where the day is unknown, the first of the month stands for it.
REPORTED = ("theft", "damage", "other", "fraud", "children", "sexual")

# Incidents a day by month, January first, and by weekday, Monday first, each relative to the average day.
MONTHS = (0.929, 0.885, 0.962, 0.985, 1.047, 1.093, 1.101, 1.088, 1.045, 1.007, 0.948, 0.892)
WEEKDAYS = (0.990, 0.992, 0.997, 0.990, 1.054, 1.006, 0.974)
FIRST_OF_MONTH = 1.16
NEW_YEAR = 1.35
# A busy day is often followed by another: the daily wobble's size and its correlation from day to day.
WOBBLE = 0.05
WOBBLE_MEMORY = 0.6

# Shares of rows, of 2**32 (the draw they are compared with has 32 bits).
NO_COORDINATES = round(0.006 * 2**32)
ZERO_COORDINATES = round(0.00006 * 2**32)
NO_AREA = round(0.00005 * 2**32)
AREA_ZERO = round(0.00003 * 2**32)
WITH_SECONDS = round(0.002 * 2**32)
# Of 2**16: rows on the first of a month, of a reported type, whose time is a placeholder too.
PLACEHOLDER_ON_FIRST = round(0.17 * 2**16)
PLACEHOLDER_SECONDS = (0, 60, 0, 9 * 3600, 60, 12 * 3600, 9 * 3600, 0)

# The City has rewritten most of its rows in two great refreshes: where in the range, and the share of rows.
REFRESHES = ((0.58, 0.10), (0.87, 0.72))
# Days from the incident to its publication: seven at least.
LAGS = (
    (7, 50), (8, 6), (9, 5), (10, 5), (12, 6), (15, 6),
    (21, 6), (30, 5), (60, 4), (120, 4), (240, 2), (500, 1),
)  # fmt: skip
LONGEST_LAG = 500

# `CRIM SEXUAL ASSAULT` was renamed; this share of the range of days still has the old name.
RENAMED_AT = 0.7
OLD_NAME, NEW_NAME = "CRIM SEXUAL ASSAULT", "CRIMINAL SEXUAL ASSAULT"
