-- The covered period (domain/periods/covered_period.py): the days with incidents, split where there was none for more than a
-- year, of which the part with the most incidents counts; of equal ones the later.
WITH days AS (
  SELECT
    DATE(occurred_at) AS day,
    CASE WHEN IS_DATED_AFTER_UPDATE(occurred_at, updated_on) THEN 1 ELSE 0 END AS after_update,
    MIN(occurred_at) AS first_at,
    MAX(occurred_at) AS last_at,
    COUNT(*) AS incidents
  FROM incidents
  GROUP BY 1, 2
),
total AS (
  SELECT SUM(incidents) AS incidents, MIN(after_update) AS after_update
  FROM days
),
-- dates later than their own update do not shape the period, unless all of them are
trusted AS (
  SELECT days.day, days.first_at, days.last_at, days.incidents
  FROM days
  CROSS JOIN total
  WHERE days.after_update = total.after_update
),
neighbours AS (
  SELECT
    day,
    first_at,
    last_at,
    incidents,
    LAG(day) OVER (ORDER BY day) AS day_before,
    LAG(day, 2) OVER (ORDER BY day) AS second_day_before
  FROM trusted
),
parted AS (
  SELECT
    day,
    first_at,
    last_at,
    incidents,
    day_before,
    second_day_before,
    SUM(CASE WHEN DATE_DIFF(day, day_before, DAY) - 1 > @greatest_gap_days THEN 1 ELSE 0 END)
      OVER (ORDER BY day) AS part
  FROM neighbours
),
period AS (
  SELECT part, MIN(first_at) AS first_at, MAX(last_at) AS last_at, SUM(incidents) AS incidents
  FROM parted
  GROUP BY 1
  ORDER BY incidents DESC, last_at DESC
  LIMIT 1
)
SELECT
  period.first_at AS covered_from,
  period.last_at AS covered_to,
  CAST(MAX(total.incidents) - CASE WHEN MAX(total.after_update) = 1 THEN 0 ELSE MAX(period.incidents) END AS INT64)
    AS outlying,
  CAST(SUM(CASE WHEN DATE_DIFF(DATE(period.last_at), parted.day, DAY) < @last_days THEN parted.incidents ELSE 0 END)
    AS INT64) AS last_days,
  CAST(SUM(CASE
    WHEN DATE_DIFF(DATE(period.last_at), parted.day, DAY) BETWEEN @last_days AND @last_days + @year_days - 1
      THEN parted.incidents
    ELSE 0
  END) AS INT64) AS year_before,
  MAX(CASE WHEN parted.day = DATE(period.last_at) THEN parted.day_before END) AS second_last_day,
  MAX(CASE WHEN parted.day = DATE(period.last_at) THEN parted.second_day_before END) AS third_last_day
FROM parted
CROSS JOIN period
CROSS JOIN total
WHERE parted.part = period.part
GROUP BY 1, 2
