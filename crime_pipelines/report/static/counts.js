"use strict";
// The counts that lie in the page, and what a filter makes of them.
const CrimeCounts = (() => {
  const HOURS = 24;

  function inflated(text) {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
  }

  // The groups' columns (type, area, district, number of cells), then the cells' (month and hour, incidents, arrests).
  async function unpacked(given) {
    const planes = new Uint8Array(await inflated(given.data).arrayBuffer());
    const size = 4 * given.groups + 3 * given.cells;
    const numbers = new Uint32Array(size);
    for (let plane = 0; plane < given.width; plane++)
      for (let at = 0; at < size; at++) numbers[at] += planes[plane * size + at] * 2 ** (8 * plane);
    let from = 0;
    const columns = [given.groups, given.groups, given.groups, given.groups, given.cells, given.cells, given.cells]
      .map((length) => numbers.subarray(from, from += length));
    const slots = columns[4];
    let at = 0;
    for (const length of columns[3]) {
      for (let end = at + length, before = 0; at < end; at++) before = slots[at] += before;
    }
    return columns;
  }

  const group = () => ({ incidents: 0, arrests: 0, late: 0 });

  // A filter has sets of positions as type, area and district, null for all, and the first month and the last.
  function adder(given, columns) {
    const [types, areas, districts, lengths, slots, incidents, arrests] = columns;
    const has = (set, at) => set === null || set.has(at);
    return (filter) => {
      const sums = {
        ...group(),
        months: new Array(given.months).fill(0),
        hours: new Array(HOURS).fill(0),
        types: given.types.map(group),
        areas: given.areas.map(group),
        areasOfAll: given.areas.map(group),
      };
      let begin = 0;
      for (let at = 0; at < lengths.length; at++) {
        const end = begin + lengths[at];
        if (has(filter.type, types[at]) && has(filter.district, districts[at])) {
          // The map keeps every area, and the months every month: what is not chosen is shown paler.
          const inArea = has(filter.area, areas[at]);
          const [ofType, ofArea] = [sums.types[types[at]], sums.areasOfAll[areas[at]]];
          for (let cell = begin; cell < end; cell++) {
            const month = Math.floor(slots[cell] / HOURS);
            if (inArea) sums.months[month] += incidents[cell];
            if (month < filter.from || month > filter.to) continue;
            const hour = slots[cell] % HOURS;
            ofArea.incidents += incidents[cell];
            ofArea.arrests += arrests[cell];
            if (given.late_hours[hour]) ofArea.late += incidents[cell];
            if (!inArea) continue;
            ofType.incidents += incidents[cell];
            ofType.arrests += arrests[cell];
            if (given.late_hours[hour]) ofType.late += incidents[cell];
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
