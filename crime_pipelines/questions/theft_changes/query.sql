-- Thefts by location, month and block of 28 days, the newest block first, and how many of each lie in the days of
-- their year up to the day and month of the last whole day.
WITH span AS (
  SELECT
    LAST_WHOLE_DAY(@as_of, @covered_to) AS last_day,
    DATE(@covered_from) AS first_day
),
thefts AS (
  SELECT location_description, DATE(occurred_at) AS day
  FROM incidents
  WHERE is_theft(primary_type, fbi_code)
    AND location_description IS NOT NULL
    AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
)
SELECT
  thefts.location_description AS location,
  DATE(DATE_TRUNC(thefts.day, MONTH)) AS month,
  DIV(DATE_DIFF(span.last_day, thefts.day, DAY), @block_days) AS block,
  COUNT(*) AS thefts,
  COUNTIF(
    EXTRACT(MONTH FROM thefts.day) * 100 + EXTRACT(DAY FROM thefts.day)
    <= EXTRACT(MONTH FROM span.last_day) * 100 + EXTRACT(DAY FROM span.last_day)
  ) AS to_date,
  MIN(span.first_day) AS first_day,
  MIN(span.last_day) AS last_day
FROM thefts
CROSS JOIN span
WHERE thefts.day <= span.last_day
  AND DATE_DIFF(span.last_day, thefts.day, DAY) < @block_days * @most_blocks
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
