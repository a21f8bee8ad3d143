-- How many incidents each type of crime, area, police district and beat had in every period and hour of the day: what the
-- report's filters add up. A period is a day in the latest months, as many of them as have @by_day incidents together, and
-- a month before. A row for each type, area, district and beat that occur together, its incidents in one text: so the rows
-- are few, and all that the filters can tell apart is there. No type, area, district or beat is kept as NULL.
--
-- Hardly two incidents agree in all of that until there are millions: of the latest months, as many as have @singly
-- incidents together, each incident stands in the text, since to look for equal ones takes longer than the rest of the
-- question. Equal ones of the months before are counted, so that the text is bounded by what the filters can tell apart.
WITH by_month AS (
  SELECT DATE(DATE_TRUNC(day, MONTH)) AS first_day, SUM(incidents) AS incidents
  FROM (
    SELECT DATE(occurred_at) AS day, COUNT(*) AS incidents
    FROM incidents
    WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
    GROUP BY 1
  ) AS days
  GROUP BY 1
),
added AS (
  SELECT first_day, SUM(incidents) OVER (ORDER BY first_day DESC) AS incidents
  FROM by_month
),
bounds AS (
  SELECT
    MIN(CASE WHEN incidents <= @by_day THEN first_day END) AS days_from,
    COALESCE(MIN(CASE WHEN incidents <= @singly THEN first_day END), DATE '9999-12-31') AS singly_from
  FROM added
),
cells AS (
  SELECT
    primary_type,
    community_area AS area,
    district,
    beat,
    days_from,
    2 * DATETIME_DIFF(occurred_at, DATETIME '0001-01-01', HOUR) + CASE WHEN arrest THEN 1 ELSE 0 END AS code,
    1 AS incidents
  FROM incidents
  CROSS JOIN bounds
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to) AND DATE(occurred_at) >= singly_from
  UNION ALL
  SELECT
    primary_type,
    community_area AS area,
    district,
    beat,
    days_from,
    2 * (
      24 * DATE_DIFF(DATE(DATE_TRUNC(DATE(occurred_at), MONTH)), DATE '0001-01-01', DAY)
      + EXTRACT(HOUR FROM occurred_at)
    ) + CASE WHEN arrest THEN 1 ELSE 0 END AS code,
    COUNT(*) AS incidents
  FROM incidents
  CROSS JOIN bounds
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to) AND DATE(occurred_at) < singly_from
  GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT
  primary_type,
  area,
  district,
  beat,
  SUM(incidents) AS incidents,
  MIN(days_from) AS days_from,
  STRING_AGG(
    CASE
      WHEN incidents = 1 THEN CAST(code AS STRING)
      ELSE CONCAT(CAST(code AS STRING), ' ', CAST(-incidents AS STRING))
    END,
    ' '
  ) AS counts
FROM cells
GROUP BY 1, 2, 3, 4
ORDER BY primary_type, area, district, beat
