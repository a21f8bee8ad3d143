-- The series that the trend is tested on: the complete months of monthly_trend that lie wholly within the covered
-- period. Months before its first incident or after its last were not counted rather than quiet; a first month that
-- begins after its first day counts as covered in part, and so does a last one that ends before its last. The shift
-- of a month's incidents says how many days it had before.
WITH shifts AS (
  SELECT DATE(DATE_TRUNC(DATE(occurred_at), MONTH)) AS month, MAX(shift_years) AS shift_years
  FROM incidents
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  GROUP BY 1
)
SELECT monthly_trend.month, monthly_trend.incidents, shifts.shift_years
FROM monthly_trend
LEFT JOIN shifts ON shifts.month = monthly_trend.month
WHERE monthly_trend.complete
  AND monthly_trend.month >= DATE(@covered_from)
  AND LAST_DAY(monthly_trend.month, MONTH) <= DATE(@covered_to)
ORDER BY monthly_trend.month
