-- How many incidents each of the 60 calendar months had that end with as_of's; months without any have 0.
WITH months AS (
  SELECT month
  FROM UNNEST(GENERATE_DATE_ARRAY(
    DATE_SUB(DATE(DATE_TRUNC(DATE(@as_of), MONTH)), INTERVAL 59 MONTH),
    DATE(DATE_TRUNC(DATE(@as_of), MONTH)),
    INTERVAL 1 MONTH
  )) AS month
),
counted AS (
  SELECT DATE(DATE_TRUNC(DATE(occurred_at), MONTH)) AS month, COUNT(*) AS incidents
  FROM incidents
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  GROUP BY 1
)
SELECT
  months.month,
  COALESCE(counted.incidents, 0) AS incidents,
  -- as_of's own month is complete only from its last day on
  months.month < DATE(DATE_TRUNC(DATE(@as_of), MONTH)) OR DATE(@as_of) = LAST_DAY(DATE(@as_of), MONTH) AS complete
FROM months
LEFT JOIN counted ON counted.month = months.month
ORDER BY months.month
