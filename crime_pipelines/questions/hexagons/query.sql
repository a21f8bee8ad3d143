-- Incidents by hexagon, each hexagon with the area that most of its incidents lie in: the city's shape and its
-- areas from the incidents' own coordinates. Hexagons stand with points up on a plane of kilometres. Their
-- centres make up two square-cornered lattices, one half a step off the other; the nearer centre wins.
WITH located AS (
  SELECT community_area, occurred_at, longitude, latitude
  FROM incidents
  WHERE longitude BETWEEN -180 AND 180 AND latitude BETWEEN -89 AND 89 AND longitude <> 0 AND latitude <> 0
    AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)
),
middle AS (
  -- a whole degree, so that no engine's way of adding up floats can move the lattice
  SELECT 111.32 * COS(ROUND(AVG(latitude)) * 0.017453292519943295) AS km_per_degree_east
  FROM located
),
placed AS (
  SELECT
    community_area,
    occurred_at,
    km_per_degree_east,
    longitude * km_per_degree_east / @hexagon_km AS across,
    latitude * 110.57 / (@hexagon_km * 1.7320508075688772) AS up
  FROM located
  CROSS JOIN middle
),
near AS (
  SELECT
    community_area,
    occurred_at,
    km_per_degree_east,
    ROUND(across) AS even_across,
    ROUND(up) AS even_up,
    FLOOR(across) + 0.5 AS odd_across,
    FLOOR(up) + 0.5 AS odd_up,
    -- up is measured in steps that are the root of 3 as long; a product
    (across - ROUND(across)) * (across - ROUND(across)) + 3 * (up - ROUND(up)) * (up - ROUND(up))
      <= (across - FLOOR(across) - 0.5) * (across - FLOOR(across) - 0.5)
        + 3 * (up - FLOOR(up) - 0.5) * (up - FLOOR(up) - 0.5) AS even
  FROM placed
),
binned AS (
  SELECT
    CAST(2 * CASE WHEN even THEN even_across ELSE odd_across END AS INT64) AS hexagon_column,
    CAST(2 * CASE WHEN even THEN even_up ELSE odd_up END AS INT64) AS hexagon_row,
    MIN(km_per_degree_east) AS km_per_degree_east,
    community_area AS area,
    COUNT(*) AS incidents,
    COUNTIF(is_late_night(occurred_at)) AS late_night
  FROM near
  GROUP BY 1, 2, 4
),
ranked AS (
  SELECT
    hexagon_column,
    hexagon_row,
    km_per_degree_east,
    area,
    SUM(incidents) OVER (PARTITION BY hexagon_column, hexagon_row) AS incidents,
    SUM(late_night) OVER (PARTITION BY hexagon_column, hexagon_row) AS late_night,
    ROW_NUMBER() OVER (
      PARTITION BY hexagon_column, hexagon_row
      ORDER BY CASE WHEN area IS NULL THEN 1 ELSE 0 END, incidents DESC, area
    ) AS rank
  FROM binned
)
SELECT
  hexagon_column,
  hexagon_row,
  area,
  CAST(incidents AS INT64) AS incidents,
  CAST(late_night AS INT64) AS late_night,
  -- written as floats: Spark takes numbers with a point for decimals
  hexagon_column * CAST(@hexagon_km AS FLOAT64) / 2 / km_per_degree_east AS longitude,
  hexagon_row * CAST(@hexagon_km AS FLOAT64) * CAST(1.7320508075688772 AS FLOAT64) / 2 / CAST(110.57 AS FLOAT64) AS latitude
FROM ranked
WHERE rank = 1
ORDER BY hexagon_column, hexagon_row
