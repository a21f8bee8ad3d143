-- Incidents of each day of the covered period up to as_of, but for a last day that the data do not hold up to its
-- last hour at least.
SELECT
  DATE(occurred_at) AS day,
  COUNT(*) AS incidents,
  MAX(shift_years) AS shift_years
FROM incidents
WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  AND DATE(occurred_at)
    <= LEAST(DATE(@as_of), DATE(DATE_SUB(DATE(DATETIME_ADD(@covered_to, INTERVAL 1 HOUR)), INTERVAL 1 DAY)))
GROUP BY 1
ORDER BY 1
