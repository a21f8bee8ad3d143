-- Incidents by type of crime and by area in blocks of 28 days, the newest first, and how many of each block lie in
-- the year to date, in the last 12 months and in the periods a year before them, up to the last whole day.
WITH span AS (
  SELECT
    LAST_WHOLE_DAY(@as_of, @covered_to) AS last_day,
    DATE(@covered_from) AS first_day
),
ends AS (
  SELECT
    first_day,
    last_day,
    DATE(DATE_SUB(last_day, INTERVAL 1 YEAR)) AS year_ago,
    DATE(DATE_SUB(last_day, INTERVAL 2 YEAR)) AS two_years_ago,
    DATE(DATE_TRUNC(last_day, YEAR)) AS new_year,
    DATE(DATE_TRUNC(DATE(DATE_SUB(last_day, INTERVAL 1 YEAR)), YEAR)) AS new_year_before
  FROM span
),
dated AS (
  SELECT primary_type, community_area, DATE(occurred_at) AS day
  FROM incidents
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
),
placed AS (
  SELECT
    dated.primary_type,
    dated.community_area,
    DIV(DATE_DIFF(ends.last_day, dated.day, DAY), @block_days) AS block,
    dated.day >= ends.new_year AS this_year,
    dated.day >= ends.new_year_before AND dated.day <= ends.year_ago AS last_year,
    dated.day > ends.year_ago AS twelve_months,
    dated.day > ends.two_years_ago AND dated.day <= ends.year_ago AS twelve_months_before
  FROM dated
  CROSS JOIN ends
  WHERE dated.day <= ends.last_day
    AND DATE_DIFF(ends.last_day, dated.day, DAY) < @block_days * @most_blocks
),
by_type AS (
  SELECT
    'type' AS scope,
    primary_type AS name,
    CAST(NULL AS INT64) AS area,
    block,
    COUNT(*) AS incidents,
    COUNTIF(this_year) AS this_year,
    COUNTIF(last_year) AS last_year,
    COUNTIF(twelve_months) AS twelve_months,
    COUNTIF(twelve_months_before) AS twelve_months_before
  FROM placed
  GROUP BY primary_type, block
),
by_area AS (
  SELECT
    community_area,
    block,
    COUNT(*) AS incidents,
    COUNTIF(this_year) AS this_year,
    COUNTIF(last_year) AS last_year,
    COUNTIF(twelve_months) AS twelve_months,
    COUNTIF(twelve_months_before) AS twelve_months_before
  FROM placed
  WHERE community_area IS NOT NULL
  GROUP BY 1, 2
),
counted AS (
  SELECT scope, name, area, block, incidents, this_year, last_year, twelve_months, twelve_months_before
  FROM by_type
  UNION ALL
  SELECT
    'area' AS scope,
    areas.name,
    by_area.community_area AS area,
    by_area.block,
    by_area.incidents,
    by_area.this_year,
    by_area.last_year,
    by_area.twelve_months,
    by_area.twelve_months_before
  FROM by_area
  LEFT JOIN areas ON areas.area = by_area.community_area
)
SELECT
  counted.scope,
  counted.name,
  counted.area,
  counted.block,
  counted.incidents,
  counted.this_year,
  counted.last_year,
  counted.twelve_months,
  counted.twelve_months_before,
  ends.first_day,
  ends.last_day
FROM counted
CROSS JOIN ends
ORDER BY counted.scope, counted.name, counted.area, counted.block
