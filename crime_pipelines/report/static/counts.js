"use strict";
// The counts that lie in the page, and what a filter makes of them.
const CrimeCounts = (() => {
  const HOURS = 24;
  const LISTS = 4;

  function inflated(text) {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
  }

  // The groups' columns (type, area, district, beat, number of cells), then the cells' (period and hour, incidents, arrests).
  async function unpacked(given) {
    const planes = new Uint8Array(await inflated(given.data).arrayBuffer());
    const size = (LISTS + 1) * given.groups + 3 * given.cells;
    const numbers = new Uint32Array(size);
    for (let plane = 0; plane < given.width; plane++)
      for (let at = 0; at < size; at++) numbers[at] += planes[plane * size + at] * 2 ** (8 * plane);
    let from = 0;
    const columns = [...new Array(LISTS + 1).fill(given.groups), ...new Array(3).fill(given.cells)]
      .map((length) => numbers.subarray(from, from += length));
    const slots = columns[LISTS + 1];
    let at = 0;
    for (const length of columns[LISTS]) {
      for (let end = at + length, before = 0; at < end; at++) before = slots[at] += before;
    }
    return columns;
  }

  const group = () => ({ incidents: 0, arrests: 0, late: 0 });

  // A filter has sets of positions as type, area, district and beat, null for all, and the first day and the last.
  function adder(given, columns, calendar) {
    const [types, areas, districts, beats, lengths, slots, incidents, arrests] = columns;
    const has = (set, at) => set === null || set.has(at);
    const { begins, ends, monthOf } = calendar;
    return (filter) => {
      const sums = {
        ...group(),
        months: Array.from({ length: given.months }, group),
        chosenMonths: Array.from({ length: given.months }, group),
        periods: new Float64Array(begins.length),
        hours: new Array(HOURS).fill(0),
        types: given.types.map(group),
        areas: given.areas.map(group),
        areasOfAll: given.areas.map(group),
      };
      const inside = begins.map((begin, at) => begin >= filter.from && ends[at] <= filter.to);
      const add = (to, cell, late) => {
        to.incidents += incidents[cell];
        to.arrests += arrests[cell];
        if (late) to.late += incidents[cell];
      };
      let begin = 0;
      for (let at = 0; at < lengths.length; at++) {
        const end = begin + lengths[at];
        if (has(filter.type, types[at]) && has(filter.district, districts[at]) && has(filter.beat, beats[at])) {
          // The map keeps every area, and the months every month: what is not chosen is shown paler.
          const inArea = has(filter.area, areas[at]);
          const [ofType, ofArea] = [sums.types[types[at]], sums.areasOfAll[areas[at]]];
          for (let cell = begin; cell < end; cell++) {
            const period = Math.floor(slots[cell] / HOURS);
            const hour = slots[cell] % HOURS;
            const late = given.late_hours[hour];
            if (inArea) {
              add(sums.months[monthOf[period]], cell, late);
              sums.periods[period] += incidents[cell];
            }
            if (!inside[period]) continue;
            add(ofArea, cell, late);
            if (!inArea) continue;
            add(ofType, cell, late);
            add(sums.chosenMonths[monthOf[period]], cell, late);
            sums.hours[hour] += incidents[cell];
          }
        }
        begin = end;
      }
      sums.areasOfAll.forEach((each, at) => { if (has(filter.area, at)) sums.areas[at] = each; });
      for (const each of sums.types) for (const name of Object.keys(each)) sums[name] += each[name];
      return sums;
    };
  }

  return { inflated, unpacked, adder };
})();
