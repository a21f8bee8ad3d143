"use strict";
// The days that can be chosen, counted from 1970-01-01, and the periods that the counts tell apart: months, then days.
const CrimeCalendar = (() => {
  const DAY = 86400000;
  const date = (day) => new Date(day * DAY);
  const dayOf = (year, month, day) => Math.floor(Date.UTC(year, month, day) / DAY);
  const names = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", year: "numeric", month: "long", ...options });
  const [monthName, dayName] = [names({}), names({ day: "numeric" })];

  const iso = (day) => date(day).toISOString().slice(0, 10);
  const isoMonth = (day) => iso(day).slice(0, 7);
  const monthBegin = (day) => day - date(day).getUTCDate() + 1;
  const monthEnd = (day) => dayOf(date(day).getUTCFullYear(), date(day).getUTCMonth() + 1, 1) - 1;
  const isBegin = (day) => monthBegin(day) === day;
  const isEnd = (day) => monthEnd(day) === day;

  // A year earlier: whole months become whole months, whatever 29 February does.
  function yearBefore(day, end) {
    const [year, month] = [date(day).getUTCFullYear() - 1, date(day).getUTCMonth()];
    const last = monthEnd(dayOf(year, month, 1));
    return end && isEnd(day) ? last : Math.min(last, dayOf(year, month, date(day).getUTCDate()));
  }

  function of(given) {
    const first = given.first_day;
    const monthStart = (at) => dayOf(Math.floor((given.first_month + at) / 12), (given.first_month + at) % 12, 1);
    const last = monthStart(given.months) - 1;
    const daysFrom = monthStart(given.whole_months);
    const months = Array.from({ length: given.whole_months }, (_, at) => monthStart(at));
    const days = Array.from({ length: last - daysFrom + 1 }, (_, at) => daysFrom + at);
    const begins = [...months, ...days];
    const ends = [...months.map(monthEnd), ...days];
    const monthAt = (day) => date(day).getUTCFullYear() * 12 + date(day).getUTCMonth() - given.first_month;
    const monthOf = begins.map(monthAt);
    const clamped = (day) => Math.min(last, Math.max(first, day));
    const snapped = (day, end) => (clamped(day) >= daysFrom ? clamped(day) : end ? monthEnd(clamped(day)) : monthBegin(clamped(day)));
    // The part of a stretch that the data cover; null if none, or if that is not known.
    function covered({ from, to }) {
      if (!given.covered) return null;
      const part = { from: Math.max(from, given.covered[0]), to: Math.min(to, given.covered[1]) };
      return part.from <= part.to ? part : null;
    }
    // The covered part a year before; null where the data or their periods do not reach.
    function before(stretch) {
      const part = covered(stretch);
      if (!part) return null;
      const earlier = { from: yearBefore(part.from, false), to: yearBefore(part.to, true) };
      const known = earlier.from >= Math.max(given.covered[0], first)
        && snapped(earlier.from, false) === earlier.from && snapped(earlier.to, true) === earlier.to;
      return known ? earlier : null;
    }
    const length = (stretch) => (stretch ? stretch.to - stretch.from + 1 : null);
    return { first, last, begins, ends, monthOf, monthStart, snapped, covered, before, length };
  }

  // Months where the stretch is made of whole ones.
  function words({ from, to }) {
    const texts = isBegin(from) && isEnd(to) ? [monthName.format(date(from)), monthName.format(date(to))]
      : [dayName.format(date(from)), dayName.format(date(to))];
    return texts[0] === texts[1] ? texts[0] : texts.join(" to ");
  }

  function parsed(text, end) {
    const found = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(text ?? "");
    if (!found) return null;
    const day = dayOf(Number(found[1]), Number(found[2]) - 1, Number(found[3] ?? 1));
    return end && !found[3] ? monthEnd(day) : day;
  }

  return { of, words, parsed, iso, isoMonth, isBegin, isEnd, monthEnd };
})();
