-- Incidents by type of crime and by area in each complete month of the covered period, up to as_of.
WITH span AS (
  SELECT LEAST(DATE(@as_of), DATE(@covered_to)) AS last_day, DATE(@covered_from) AS first_day
),
dated AS (
  SELECT
    primary_type,
    community_area,
    DATE(DATE_TRUNC(DATE(occurred_at), MONTH)) AS month,
    shift_years
  FROM incidents
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
),
counted AS (
  SELECT
    'type' AS scope,
    primary_type AS name,
    CAST(NULL AS INT64) AS area,
    month,
    COUNT(*) AS incidents,
    MAX(shift_years) AS shift_years
  FROM dated
  GROUP BY primary_type, month
  UNION ALL
  SELECT
    'area' AS scope,
    MAX(areas.name) AS name,
    dated.community_area AS area,
    dated.month,
    COUNT(*) AS incidents,
    MAX(dated.shift_years) AS shift_years
  FROM dated
  LEFT JOIN areas ON areas.area = dated.community_area
  WHERE dated.community_area IS NOT NULL
  GROUP BY dated.community_area, dated.month
)
SELECT
  counted.scope,
  counted.name,
  counted.area,
  counted.month,
  counted.incidents,
  counted.shift_years,
  span.first_day,
  span.last_day
FROM counted
CROSS JOIN span
WHERE counted.month >= span.first_day
  AND LAST_DAY(counted.month, MONTH) <= span.last_day
ORDER BY counted.scope, counted.name, counted.area, counted.month
