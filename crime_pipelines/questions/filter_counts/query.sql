-- How many incidents each type of crime, area, police district and beat had in every period and hour of the day: what the
-- report's filters add up. A period is a day in the latest months, as many of them as have @by_day incidents together, and
-- a month before, which stands for its first day. A row for each type, area, district and beat that occur together, its
-- counts in one text: so the rows are few, and all that the filters can tell apart is there. No type, area, district or
-- beat is kept as NULL.
WITH by_month AS (
  SELECT DATE(DATE_TRUNC(DATE(occurred_at), MONTH)) AS first_day, COUNT(*) AS incidents
  FROM incidents
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  GROUP BY 1
),
added AS (
  SELECT first_day, SUM(incidents) OVER (ORDER BY first_day DESC) AS incidents
  FROM by_month
),
by_day AS (
  SELECT MIN(CASE WHEN incidents <= @by_day THEN first_day END) AS first_day
  FROM added
)
SELECT
  primary_type,
  area,
  district,
  beat,
  SUM(incidents) AS incidents,
  MIN(days_from) AS days_from,
  STRING_AGG(
    CONCAT(CAST(day_hour AS STRING), ' ', CAST(incidents AS STRING), ' ', CAST(arrests AS STRING)), ' '
  ) AS counts
FROM (
  SELECT
    incidents.primary_type,
    incidents.community_area AS area,
    incidents.district,
    incidents.beat,
    by_day.first_day AS days_from,
    DATE_DIFF(
      CASE
        WHEN DATE(incidents.occurred_at) >= by_day.first_day THEN DATE(incidents.occurred_at)
        ELSE DATE(DATE_TRUNC(DATE(incidents.occurred_at), MONTH))
      END,
      DATE '1970-01-01',
      DAY
    ) * 24 + EXTRACT(HOUR FROM incidents.occurred_at) AS day_hour,
    COUNT(*) AS incidents,
    COUNTIF(incidents.arrest) AS arrests
  FROM incidents
  CROSS JOIN by_day
  WHERE IS_COVERED(incidents.occurred_at, incidents.updated_on, @covered_from, @covered_to)
  GROUP BY 1, 2, 3, 4, 5, 6
) AS cells
GROUP BY 1, 2, 3, 4
ORDER BY primary_type, area, district, beat
