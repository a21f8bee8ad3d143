-- How many incidents each type of crime, area and police district had in every month and hour of the day: what the
-- report's filters add up. A row for each type, area and district that occur together, its counts in one text: so the
-- rows are few, and all that the filters can tell apart is there. No type, area or district is kept as NULL.
SELECT
  primary_type,
  area,
  district,
  SUM(incidents) AS incidents,
  STRING_AGG(
    CONCAT(CAST(month_hour AS STRING), ' ', CAST(incidents AS STRING), ' ', CAST(arrests AS STRING)), ' '
  ) AS counts
FROM (
  SELECT
    primary_type,
    community_area AS area,
    district,
    (EXTRACT(YEAR FROM occurred_at) * 12 + EXTRACT(MONTH FROM occurred_at) - 1) * 24
      + EXTRACT(HOUR FROM occurred_at) AS month_hour,
    COUNT(*) AS incidents,
    COUNTIF(arrest) AS arrests
  FROM incidents
  WHERE IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
  GROUP BY 1, 2, 3, 4
) AS cells
GROUP BY 1, 2, 3
ORDER BY primary_type, area, district
