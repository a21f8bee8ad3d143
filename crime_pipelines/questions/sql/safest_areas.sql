-- Every community area by its late-night incidents per 1,000 residents and year, the safest first. Where a
-- department's areas have no residents on file, by the number of late-night incidents alone.
WITH span AS (
  SELECT DATE_DIFF(MAX(DATE(occurred_at)), MIN(DATE(occurred_at)), DAY) + 1 AS days
  FROM incidents
),
counted AS (
  SELECT
    community_area,
    COUNTIF(is_late_night(occurred_at)) AS late_night_incidents,
    COUNT(*) AS incidents
  FROM incidents
  WHERE community_area IS NOT NULL
  GROUP BY 1
),
known AS (
  SELECT COUNT(*) = COUNT(residents) AS all_residents
  FROM areas
),
rated AS (
  SELECT
    areas.area,
    areas.name,
    COALESCE(counted.late_night_incidents, 0) AS late_night_incidents,
    COALESCE(counted.incidents, 0) AS incidents,
    areas.residents,
    COALESCE(counted.late_night_incidents, 0) * 1000 * CAST(365.25 AS FLOAT64)
      / (NULLIF(areas.residents, 0) * span.days) AS late_night_per_1000_residents_per_year,
    known.all_residents
  FROM areas
  CROSS JOIN span
  CROSS JOIN known
  LEFT JOIN counted ON counted.community_area = areas.area
)
SELECT
  ROW_NUMBER() OVER (
    ORDER BY
      CASE WHEN all_residents THEN late_night_per_1000_residents_per_year ELSE late_night_incidents END,
      area
  ) AS rank,
  area,
  name,
  late_night_incidents,
  incidents,
  residents,
  late_night_per_1000_residents_per_year
FROM rated
ORDER BY rank
