"use strict";
// What a measure makes of counts. A place has `incidents`, `arrests` and `late`, the `days` that the data cover, its
// `residents`, and `before`: incidents and days a year before. What is not known is null, and so is the measure then.
const CrimeMeasures = (() => {
  const NONE = "\u2013";
  // Rounded as in the answers: half of a last digit to the even one.
  const format = (locale, digits, more) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits,
    maximumFractionDigits: digits, useGrouping: "always", roundingMode: "halfEven", ...more });
  const plain = format("en-US", 1, { useGrouping: false });
  const tenths = (number) => plain.format(number);
  // Without a locale of the reader's, numbers are written as in the rest of the page.
  let [ways, percents] = [];
  function write(locale) {
    ways = [0, 1, 2].map((digits) => format(locale ?? "en-US", digits));
    percents = locale && [0, 1].map((digits) => format(locale, digits, { style: "percent" }));
  }
  write();
  const whole = { format: (number) => ways[0].format(number) };
  const fixed = (number, digits) => ways[digits].format(number);
  const percentage = (text) => (percents ? percents[text.includes(".") ? 1 : 0].format(text / 100) : `${text}\u00a0%`);

  // Never a flat 0 or 100 for what is not exactly that, as in the answers.
  function percent(share) {
    const rounded = tenths(100 * share);
    if (rounded === "0.0") return share > 0 ? `under ${percentage("0.1")}` : percentage("0");
    if (rounded === "100.0") return share < 1 ? `over ${percentage("99.9")}` : percentage("100");
    return percentage(rounded);
  }
  // As the answers write it: a flat 0 only for none.
  const rate = (number) => (!number ? "0" : number < 0.005 ? `under ${fixed(0.01, 2)}`
    : fixed(number, 2));
  function change(share) {
    const size = tenths(100 * Math.abs(share));
    return `${size === "0.0" ? "" : share > 0 ? "+" : "\u2212"}${percentage(size)}`;
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

  return { write, whole, fixed, percentage, percent, rate, change, text, NONE, interval, value: (name, place, year) => VALUES[name](place, year) };
})();
