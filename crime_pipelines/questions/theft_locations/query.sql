-- The ten location descriptions with most thefts, in as_of's calendar year and in each of the two before.
WITH counted AS (
  SELECT
    EXTRACT(YEAR FROM occurred_at) AS year,
    location_description AS location,
    COUNT(*) AS thefts
  FROM incidents
  WHERE is_theft(primary_type, fbi_code)
    AND location_description IS NOT NULL
    AND EXTRACT(YEAR FROM occurred_at)
      BETWEEN EXTRACT(YEAR FROM DATE(@as_of)) - 2 AND EXTRACT(YEAR FROM DATE(@as_of))
    AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  GROUP BY 1, 2
),
ranked AS (
  SELECT
    year,
    ROW_NUMBER() OVER (PARTITION BY year ORDER BY thefts DESC, location) AS rank,
    location,
    thefts
  FROM counted
)
SELECT year, rank, location, thefts
FROM ranked
WHERE rank <= 10
ORDER BY year, rank
