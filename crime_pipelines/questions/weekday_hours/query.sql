-- Incidents of the last 12 months by day and hour; times that stand for an unknown one are counted apart.
WITH span AS (
  SELECT
    LAST_WHOLE_DAY(@as_of, @covered_to) AS last_day,
    DATE(@covered_from) AS first_day
)
SELECT
  DATE(occurred_at) AS day,
  EXTRACT(HOUR FROM occurred_at) AS hour,
  COUNT(*) AS incidents,
  COUNTIF(
    EXTRACT(HOUR FROM occurred_at) IN (0, 12) AND EXTRACT(MINUTE FROM occurred_at) = 0
    OR EXTRACT(HOUR FROM occurred_at) = 0 AND EXTRACT(MINUTE FROM occurred_at) = 1
  ) AS placeholders,
  MAX(shift_years) AS shift_years,
  MIN(span.first_day) AS first_day,
  MIN(span.last_day) AS last_day
FROM incidents
CROSS JOIN span
WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  AND DATE(occurred_at) > DATE_SUB(span.last_day, INTERVAL 1 YEAR)
  AND DATE(occurred_at) <= span.last_day
GROUP BY 1, 2
ORDER BY 1, 2
