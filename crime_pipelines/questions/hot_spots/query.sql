-- Incidents of kinds that victims report, by cells of 600 feet and by month: counts for the last 24 complete months and
-- the days since, and for all that is older one sum per cell, in which an incident counts half as much for every two
-- years that it is older. Cells are those of the plane that the map's hexagons stand on.
WITH span AS (
  SELECT LEAST(DATE(@as_of), DATE(@covered_to)) AS last_day, DATE(@covered_from) AS first_day
),
months AS (
  SELECT
    first_day,
    last_day,
    -- the month after the last complete one
    CASE
      WHEN LAST_DAY(last_day, MONTH) = last_day THEN DATE(DATE_TRUNC(DATE(DATE_ADD(last_day, INTERVAL 1 DAY)), MONTH))
      ELSE DATE(DATE_TRUNC(last_day, MONTH))
    END AS next_month
  FROM span
),
located AS (
  SELECT
    longitude,
    latitude,
    DATE(occurred_at) AS day,
    is_theft(primary_type, fbi_code) AS theft,
    COALESCE(primary_type = 'ROBBERY', FALSE) AS robbery,
    COALESCE(primary_type = 'BURGLARY', FALSE) AS burglary,
    COALESCE(fbi_code IN ('01A', '02', '03', '04A', '04B'), FALSE)
      OR COALESCE(primary_type IN ('HOMICIDE', 'ROBBERY', 'CRIMINAL SEXUAL ASSAULT'), FALSE) AS violent,
    is_late_night(occurred_at)
      AND COALESCE(primary_type NOT IN (
        'NARCOTICS', 'OTHER NARCOTIC VIOLATION', 'PROSTITUTION', 'GAMBLING', 'LIQUOR LAW VIOLATION',
        'INTERFERENCE WITH PUBLIC OFFICER', 'WEAPONS VIOLATION', 'CONCEALED CARRY LICENSE VIOLATION',
        'PUBLIC PEACE VIOLATION', 'OBSCENITY', 'PUBLIC INDECENCY'
      ), TRUE) AS late_night
  FROM incidents
  WHERE longitude BETWEEN -180 AND 180 AND latitude BETWEEN -89 AND 89 AND longitude <> 0 AND latitude <> 0
    AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
),
middle AS (
  -- a whole degree, so that no engine's way of adding up floats can move the cells
  SELECT 111.32 * COS(ROUND(AVG(latitude)) * 0.017453292519943295) AS km_per_degree_east
  FROM located
),
placed AS (
  SELECT
    CAST(FLOOR(located.longitude * middle.km_per_degree_east / @cell_km) AS INT64) AS cell_column,
    CAST(FLOOR(located.latitude * 110.57 / @cell_km) AS INT64) AS cell_row,
    -- 0 for the last complete month, -1 for the days since
    LEAST(DATE_DIFF(months.next_month, DATE(DATE_TRUNC(located.day, MONTH)), MONTH) - 1, @months) AS bucket,
    DATE_DIFF(months.next_month, DATE(DATE_TRUNC(located.day, MONTH)), MONTH) - 1 - @months AS older,
    located.theft,
    located.robbery,
    located.burglary,
    located.violent,
    located.late_night,
    middle.km_per_degree_east,
    months.first_day,
    months.next_month
  FROM located
  CROSS JOIN months
  CROSS JOIN middle
  WHERE located.day <= months.last_day
),
weighted AS (
  SELECT
    cell_column,
    cell_row,
    bucket,
    POW(CAST(0.5 AS FLOAT64), GREATEST(older, 0) / CAST(@half_life_months AS FLOAT64)) AS weight,
    theft,
    robbery,
    burglary,
    violent,
    late_night,
    km_per_degree_east,
    first_day,
    next_month
  FROM placed
)
SELECT
  cell_column,
  cell_row,
  bucket,
  SUM(CASE WHEN theft THEN weight ELSE 0 END) AS theft,
  SUM(CASE WHEN robbery THEN weight ELSE 0 END) AS robbery,
  SUM(CASE WHEN burglary THEN weight ELSE 0 END) AS burglary,
  SUM(CASE WHEN violent THEN weight ELSE 0 END) AS violent,
  SUM(CASE WHEN late_night THEN weight ELSE 0 END) AS late_night,
  MIN(km_per_degree_east) AS km_per_degree_east,
  MIN(first_day) AS first_day,
  MIN(next_month) AS next_month
FROM weighted
GROUP BY 1, 2, 3
ORDER BY cell_column, cell_row, bucket
