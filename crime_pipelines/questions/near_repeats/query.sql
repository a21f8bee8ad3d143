-- Located incidents of the kinds that are looked through for near repeats, over the last days, the earliest first.
SELECT
  primary_type AS kind,
  DATE(occurred_at) AS day,
  longitude,
  latitude
FROM incidents
WHERE primary_type IN ('BURGLARY', 'MOTOR VEHICLE THEFT', 'ROBBERY')
  AND longitude BETWEEN -180 AND 180 AND latitude BETWEEN -89 AND 89 AND longitude <> 0 AND latitude <> 0
  AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  AND DATE_DIFF(LEAST(DATE(@as_of), DATE(@covered_to)), DATE(occurred_at), DAY) BETWEEN 0 AND @days - 1
ORDER BY kind, day, longitude, latitude
