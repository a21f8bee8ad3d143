-- Incidents of each day of the covered period up to the last whole day.
SELECT
  DATE(occurred_at) AS day,
  COUNT(*) AS incidents,
  MAX(shift_years) AS shift_years
FROM incidents
WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  AND DATE(occurred_at)
    <= LAST_WHOLE_DAY(@as_of, @covered_to)
GROUP BY 1
ORDER BY 1
