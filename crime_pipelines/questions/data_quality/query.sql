-- What a reader must know of the incidents before trusting an answer.
SELECT
  COUNT(*) AS incidents,
  @covered_from AS first_occurred_at,
  @covered_to AS last_occurred_at,
  COUNTIF(NOT IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)) AS outlying_dates,
  COUNTIF(occurred_at > @as_of AND IS_COVERED(occurred_at, updated_on, @covered_from, @covered_to)) AS after_as_of,
  COUNTIF(occurred_at = DATETIME_TRUNC(occurred_at, DAY)) AS at_midnight,
  COUNTIF(EXTRACT(HOUR FROM occurred_at) = 12 AND occurred_at = DATETIME_TRUNC(occurred_at, HOUR)) AS at_noon,
  COUNTIF(is_late_night(occurred_at)) AS late_night,
  COUNTIF(community_area IS NULL) AS without_area,
  COUNTIF(location_description IS NULL) AS without_location,
  COUNTIF(primary_type IS NULL) AS without_type,
  COUNTIF(shift_years <> @shift_years) AS shifted_otherwise
FROM incidents
