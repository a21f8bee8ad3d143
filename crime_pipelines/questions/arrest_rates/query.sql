-- The share of incidents with an arrest, by type, over the years of arrest rates, with its Wilson score interval
-- (95 %).
-- Ordered by the interval's lower end, so that one arrest out of one does not lead.
WITH counted AS (
  SELECT
    primary_type,
    COUNT(*) AS incidents,
    COUNTIF(arrest) AS arrests
  FROM incidents
  WHERE arrest IS NOT NULL
    AND IS_IN_ARREST_YEARS(occurred_at)
    AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  GROUP BY 1
),
normal AS (
  SELECT CAST(@z AS FLOAT64) AS z
),
wilson AS (
  SELECT
    primary_type,
    incidents,
    arrests,
    (arrests + z * z / 2) / (incidents + z * z) AS centre,
    z / (incidents + z * z)
      * SQRT(CAST(arrests AS FLOAT64) * (incidents - arrests) / incidents + z * z / 4) AS half_width
  FROM counted
  CROSS JOIN normal
)
SELECT
  primary_type,
  incidents,
  arrests,
  CAST(arrests AS FLOAT64) / incidents AS arrest_rate,
  -- the interval ends exactly at 0 and 1 where the rate does
  CASE WHEN arrests = 0 THEN CAST(0 AS FLOAT64) ELSE centre - half_width END AS rate_low,
  CASE WHEN arrests = incidents THEN CAST(1 AS FLOAT64) ELSE centre + half_width END AS rate_high
FROM wilson
ORDER BY rate_low DESC, primary_type
