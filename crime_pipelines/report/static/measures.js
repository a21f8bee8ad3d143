"use strict";
// What a measure makes of counts. A place has `incidents`, `arrests` and `late`, the `days` that the data cover, its
// `residents`, and `before`: incidents and days a year before. What is not known is null, and so is the measure then.
const CrimeMeasures = (() => {
  const whole = new Intl.NumberFormat("en-US");
  const NONE = "\u2013";
  // Rounded as in the answers: half of a last digit to the even one.
  const fixed = (digits, grouped) => {
    const format = new Intl.NumberFormat("en-US",
      { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: grouped, roundingMode: "halfEven" });
    return (number) => format.format(number);
  };
  const [tenths, hundredths] = [fixed(1, false), fixed(2, true)];

  // Never a flat 0 or 100 for what is not exactly that, as in the answers.
  function percent(share) {
    const rounded = tenths(100 * share);
    if (rounded === "0.0") return share > 0 ? "under 0.1\u00a0%" : "0\u00a0%";
    if (rounded === "100.0") return share < 1 ? "over 99.9\u00a0%" : "100\u00a0%";
    return `${rounded}\u00a0%`;
  }
  // As the answers write it: a flat 0 only for none.
  const rate = (number) => (!number ? "0" : number < 0.005 ? "under 0.01"
    : hundredths(number));
  function change(share) {
    const size = tenths(100 * Math.abs(share));
    return `${size === "0.0" ? "" : share > 0 ? "+" : "\u2212"}${size}\u00a0%`;
  }
  const WRITTEN = { count: (number) => whole.format(number), rate, percent, change };
  const text = (unit, value) => (value === null ? NONE : WRITTEN[unit](value));

  const yearly = (number, place, year) =>
    (place.residents && place.days ? (number * 1000 * year) / (place.residents * place.days) : null);
  const VALUES = {
    incidents: (place) => place.incidents,
    per_day: (place) => (place.days ? place.incidents / place.days : null),
    per_1000_residents_per_year: (place, year) => yearly(place.incidents, place, year),
    late_night: (place) => place.late,
    late_night_per_1000_residents_per_year: (place, year) => yearly(place.late, place, year),
    arrest_rate: (place) => (place.incidents ? place.arrests / place.incidents : null),
    change: ({ incidents, days, before }) =>
      (before?.incidents && days ? incidents / days / (before.incidents / before.days) - 1 : null),
  };

  // Wilson's interval, as in the answers.
  function interval(part, all, z) {
    if (!all) return [0, 1];
    const [p, z2] = [part / all, z ** 2];
    const middle = p + z2 / (2 * all);
    const reach = z * Math.sqrt((p * (1 - p) + z2 / (4 * all)) / all);
    const under = 1 + z2 / all;
    // None of so many is exactly 0, whatever the rounding.
    return [Math.max(0, Math.min(p, (middle - reach) / under)), Math.min(1, Math.max(p, (middle + reach) / under))];
  }

  return { whole, percent, rate, change, text, NONE, interval, value: (name, place, year) => VALUES[name](place, year) };
})();
