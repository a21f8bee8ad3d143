-- The incidents of every community area by month, late-night ones apart, from which the ranking follows with its
-- intervals. An area without any has one row, without a month. The days are the covered period's.
WITH counted AS (
  SELECT
    community_area,
    DATE(DATE_TRUNC(DATE(occurred_at), MONTH)) AS month,
    COUNTIF(is_late_night(occurred_at)) AS late_night_incidents,
    COUNT(*) AS incidents
  FROM incidents
  WHERE community_area IS NOT NULL
    AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  GROUP BY 1, 2
)
SELECT
  areas.area,
  areas.name,
  areas.residents,
  counted.month,
  COALESCE(counted.late_night_incidents, 0) AS late_night_incidents,
  COALESCE(counted.incidents, 0) AS incidents,
  DATE(@covered_from) AS first_day,
  DATE(@covered_to) AS last_day
FROM areas
LEFT JOIN counted ON counted.community_area = areas.area
ORDER BY areas.area, counted.month
