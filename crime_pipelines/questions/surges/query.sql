-- Incidents of each area and day of the covered period up to the last whole day. Left out are times of 00:00 and
-- 00:01, which stand for an unknown time or day.
SELECT
  DATE(incidents.occurred_at) AS day,
  incidents.community_area AS area,
  areas.name AS name,
  COUNT(*) AS incidents,
  MAX(incidents.shift_years) AS shift_years
FROM incidents
INNER JOIN areas ON areas.area = incidents.community_area
WHERE IS_COVERED(incidents.occurred_at, incidents.updated_on, @covered_from, @covered_to)
  AND DATE(incidents.occurred_at)
    <= LAST_WHOLE_DAY(@as_of, @covered_to)
  AND NOT (EXTRACT(HOUR FROM incidents.occurred_at) = 0 AND EXTRACT(MINUTE FROM incidents.occurred_at) <= 1)
GROUP BY 1, 2, 3
ORDER BY 1, 2
