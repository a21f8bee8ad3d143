-- The series that the trend is tested on: the complete months of monthly_trend that the data cover. Months
-- before the first incident or after the last were not counted rather than quiet; a first month that
-- begins after its first day counts as covered in part.
WITH span AS (
  SELECT MIN(DATE(occurred_at)) AS first_day, MAX(DATE(occurred_at)) AS last_day
  FROM incidents
)
SELECT monthly_trend.month, monthly_trend.incidents
FROM monthly_trend
CROSS JOIN span
WHERE monthly_trend.complete
  AND monthly_trend.month >= span.first_day
  AND monthly_trend.month <= span.last_day
ORDER BY monthly_trend.month
