"use strict";
// The filters: what is chosen is added up here, and shown in numbers, charts and tables.
(async () => {
  const root = document.getElementById("explorer");
  if (!root) return;
  const given = JSON.parse(document.getElementById("explorer-data").textContent);
  const form = root.querySelector("form");
  const { whole, fixed, percentage, percent, rate, change, NONE } = CrimeMeasures;
  CrimeMeasures.write(given.locale);
  const lists = Object.fromEntries([...form.querySelectorAll("[data-filter]")].map((each) => [each.dataset.filter, CrimeChoices.list(each)]));
  const calendar = CrimeCalendar.of(given);
  const period = CrimeChoices.period({ from: form.elements.from, to: form.elements.to }, calendar);
  const LISTS = ["type", "area", "district", "beat"];
  const LONG = 12; // rows: longer tables are not printed

  let added;
  try {
    added = CrimeCounts.adder(given, await CrimeCounts.unpacked(given), calendar);
  } catch {
    root.querySelector("[role=status]").textContent = "This browser is too old for the filters.";
    return;
  }

  const interval = (part, all) => CrimeMeasures.interval(part, all, given.z);
  const measure = () => given.measures.find((each) => each.name === form.elements.by.value);
  const isUsual = () => measure() === given.measures[0];
  // Residents are known by area: of a district or a beat there are none.
  const residing = (filter, number) => (filter.district || filter.beat ? null : number);
  function residents(filter) {
    if (!filter.area) return residing(filter, given.residents);
    const each = [...filter.area].map((at) => given.areas[at].residents);
    return residing(filter, each.every(Boolean) ? each.reduce((sum, number) => sum + number, 0) : null);
  }
  const days = (stretch) => calendar.length(calendar.covered(stretch));
  // The incidents of a stretch a year before, from the sums of each period.
  function before(sums, stretch) {
    const earlier = calendar.before(stretch);
    if (!earlier) return null;
    let incidents = 0;
    for (const [at, begin] of calendar.begins.entries())
      if (begin >= earlier.from && calendar.ends[at] <= earlier.to) incidents += sums.periods[at];
    return { incidents, days: calendar.length(earlier) };
  }
  // Two or more types or areas that are chosen stand side by side.
  const COMPARED = ["type", "area"];
  const compares = (filter, name) => (filter[name]?.size ?? 0) > 1;
  const valueOf = (name, place) => CrimeMeasures.value(name, place, given.year);
  const LATE_RATE = "late_night_per_1000_residents_per_year";

  // What measures need, beside the counts: of the whole selection, of each type, area and month.
  function places(sums, filter) {
    const covered = days(filter);
    const earlier = measure().name === "change" || COMPARED.some((name) => compares(filter, name)) ? calendar.before(filter) : null;
    const ago = earlier && added({ ...filter, ...earlier });
    const past = (groups, at) => ago && { incidents: groups(ago)[at].incidents, days: calendar.length(earlier) };
    const all = residents(filter);
    return {
      all: { ...sums, days: covered, residents: all, before: before(sums, filter) },
      type: (at) => ({ ...sums.types[at], days: covered, residents: all, before: past((each) => each.types, at) }),
      area: (at) => ({ ...sums.areasOfAll[at], days: covered, residents: residing(filter, given.areas[at].residents),
        before: past((each) => each.areasOfAll, at) }),
      month: (stretch, counts) => ({ ...counts, days: days(stretch), residents: all, before: before(sums, stretch) }),
    };
  }
  function said(value) {
    const { unit, said: words } = measure();
    return value === null ? "no number" : `${CrimeMeasures.text(unit, value)} ${words}`.trim();
  }

  const slot = (name) => root.querySelector(`[data-slot="${name}"]`);
  function say(name, text, value) {
    const place = slot(name);
    place.textContent = text;
    if (value !== undefined) place.dataset.value = value;
  }

  function fill(table, rows) {
    const body = table.tBodies[0];
    body.replaceChildren(...rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells.map(([text, value], at) => {
        const cell = document.createElement(at ? "td" : "th");
        if (at) cell.className = "number";
        else cell.scope = "row";
        const inner = at ? cell : document.createElement("bdi");
        inner.textContent = text;
        if (!at) cell.append(inner);
        cell.dataset.value = value ?? "";
        return cell;
      }));
      return row;
    }));
    for (const heading of table.tHead.rows[0].cells) heading.removeAttribute("aria-sort");
  }

  const counted = (number) => [whole.format(number), number];
  const shared = (part, all) => (all ? [percent(part / all), part / all] : [NONE, ""]);
  const rated = (value) => [value === null ? NONE : rate(value), value ?? ""];
  // The chosen measure has the last column, where a table does not show it anyway.
  function measured(table, place) {
    const heading = table.tHead.rows[0].querySelector("[data-measure]");
    const { name, title, unit } = measure();
    heading.hidden = Boolean(table.querySelector(`th[data-name="${name}"]:not([data-measure])`));
    heading.dataset.name = name;
    heading.querySelector("[data-title]").textContent = title;
    if (heading.hidden) return () => [];
    return (...given_) => {
      const value = valueOf(name, place(...given_));
      return [[CrimeMeasures.text(unit, value), value ?? ""]];
    };
  }
  function tables(sums, filter, of) {
    const order = (groups) => groups.map((each, at) => ({ ...each, at })).filter((each) => each.incidents)
      .sort((one, other) => other.incidents - one.incidents || one.at - other.at);
    const [byType, byArea, byMonth] = ["types", "areas", "months"].map((name) => root.querySelector(`[data-name=selected_${name}]`));
    const ofType = measured(byType, of.type);
    fill(byType, order(sums.types).map((each) => {
      const [low, high] = interval(each.arrests, each.incidents);
      const arrested = given.arrests
        ? [counted(each.arrests), shared(each.arrests, each.incidents), [percent(low), low], [percent(high), high]] : [];
      return [[given.types[each.at], given.types[each.at]], counted(each.incidents), ...arrested, counted(each.late), ...ofType(each.at)];
    }));
    const ofArea = measured(byArea, of.area);
    fill(byArea, order(sums.areas).map((each) => [[given.areas[each.at].name, given.areas[each.at].name], counted(each.incidents),
      ...(given.arrests ? [counted(each.arrests)] : []), counted(each.late), rated(valueOf(LATE_RATE, of.area(each.at))), ...ofArea(each.at)]));
    const ofMonth = measured(byMonth, (row) => row.place);
    fill(byMonth, monthRows(sums, filter, of).filter((row) => row.chosen).map((row) =>
      [[row.name + (row.covered ? row.whole ? "" : " (in part)" : " (incomplete)"), row.name], counted(row.incidents), ...ofMonth(row)]));
  }

  // Those of most by the chosen measure come first, and last those without a number.
  function comparison(filter, of) {
    const names = { type: given.types, area: given.areas.map((each) => each.name) };
    for (const name of COMPARED) {
      const holder = root.querySelector(`[data-compared=${name}]`);
      holder.hidden = !compares(filter, name);
      if (holder.hidden) continue;
      const table = holder.querySelector("table");
      const own = measured(table, of[name]);
      const rows = [...filter[name]].map((at) => ({ at, place: of[name](at), value: valueOf(measure().name, of[name](at)) }))
        .sort((one, other) => (other.value ?? -Infinity) - (one.value ?? -Infinity) || one.at - other.at);
      fill(table, rows.map(({ at, place }) => {
        const changed = valueOf("change", place);
        return [[names[name][at], names[name][at]], counted(place.incidents), place.before ? counted(place.before.incidents) : [NONE, ""],
          [changed === null ? NONE : change(changed), changed ?? ""], ...own(at)];
      }));
      table.closest(".scroll").classList.toggle("long", rows.length > LONG);
    }
  }

  const base = Object.fromEntries(Object.entries(given.charts).map(([name, chart]) => [name, chart.narrow.datasets.selection]));
  function monthRows(sums, filter, of) {
    return base.months.map((row) => {
      const at = row.month - given.first_month;
      const month = { from: calendar.monthStart(at), to: CrimeCalendar.monthEnd(calendar.monthStart(at)) };
      const part = { from: Math.max(month.from, filter.from), to: Math.min(month.to, filter.to) };
      const chosen = part.from <= part.to;
      const cut = chosen && days(part) !== days(month);
      const place = of.month(chosen ? part : month, (chosen ? sums.chosenMonths : sums.months)[at]);
      const value = valueOf(measure().name, place);
      return { ...row, value, said: said(value), incidents: place.incidents, chosen, covered: row.whole, whole: row.whole && !cut, place };
    });
  }
  function chartRows(sums, filter, of) {
    const months = monthRows(sums, filter, of).map(({ place, ...row }) => row);
    // An axis needs a number: where no month has one, all stand at 0.
    const known = months.some((row) => row.value !== null);
    const rows = {
      months: known ? months : months.map((row) => ({ ...row, value: 0 })),
      clock: base.clock.map((row) => ({ ...row, incidents: sums.hours[row.at] })),
    };
    if (base.map) {
      const position = new Map(given.areas.map((area, at) => [area.area, at]));
      rows.map = base.map.map((feature) => {
        const at = position.get(feature.properties.area);
        // An area without an incident has no row: its counts are 0, and what needs more is not known.
        const place = at === undefined ? { incidents: 0, arrests: 0, late: 0 } : of.area(at);
        const value = valueOf(measure().name, place);
        return { ...feature, properties: { ...feature.properties, value, said: said(value),
          incidents: whole.format(place.incidents), outlined: at !== undefined && (filter.area?.has(at) ?? false) } };
      });
    }
    return rows;
  }

  // Vega is read when first needed, so that the page opens at once.
  let embed;
  function library() {
    embed ??= CrimeCounts.inflated(document.getElementById("vega").textContent).text().then((text) => {
      const script = document.createElement("script");
      script.textContent = text;
      document.head.append(script);
      return window.vegaEmbed;
    });
    return embed;
  }
  const views = {};
  async function draw(name, rows) {
    const holder = root.querySelector(`[data-chart="${name}"]`);
    const wide = matchMedia("(min-width: 900px), print").matches;
    const kind = wide && given.charts[name].wide ? "wide" : "narrow";
    if (views[name]?.kind !== kind) {
      const spec = structuredClone(given.charts[name][kind]);
      spec.datasets.selection = rows;
      for (const parameter of spec.params ?? []) parameter.value = measure().unit;
      const place = document.createElement("div");
      place.className = "live";
      const { view } = await (await library())(place, spec,
        { ast: true, renderer: "svg", actions: false, defaultStyle: false, tooltip: false, mode: "vega-lite", formatLocale: given.chart_numbers });
      fit(place);
      holder.replaceChildren(place);
      views[name]?.view.finalize();
      views[name] = { kind, view, place };
      if (name === "map") view.addEventListener("click", (_, item) => {
        const at = given.areas.findIndex((area) => area.area === item?.datum?.properties?.area);
        if (at < 0) return;
        const areas = lists.area.value() ?? new Set();
        if (!areas.delete(at)) areas.add(at);
        lists.area.choose(areas);
        update();
      });
    } else {
      const { view } = views[name];
      if (given.charts[name][kind].params) view.signal("unit", measure().unit);
      await view.data("selection", rows).runAsync();
      fit(views[name].place);
    }
  }
  // Like the charts that stand in the page: as wide as there is room.
  function fit(place) {
    const svg = place.querySelector("svg");
    if (!svg) return;
    svg.setAttribute("viewBox", svg.getAttribute("viewBox") ?? `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
    svg.removeAttribute("role");
    svg.setAttribute("aria-hidden", "true");
  }

  const none = Object.fromEntries(LISTS.map((name) => [name, null]));
  const chosenFilter = () => ({ ...none, ...period.value(),
    ...Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.value()])) });
  const isAll = (filter) => period.isAll() && LISTS.every((name) => !filter[name]);
  const all = added({ ...none, from: calendar.first, to: calendar.last }).incidents;
  let drawing = Promise.resolve();

  function update({ redraw = true } = {}) {
    const filter = chosenFilter();
    const sums = added(filter);
    const of = places(sums, filter);
    const [low, high] = interval(sums.arrests, sums.incidents);
    say("incidents", whole.format(sums.incidents), sums.incidents);
    say("incidents-note", `${percent(all ? sums.incidents / all : 0)} of all`);
    if (given.arrests) say("arrests", sums.incidents ? percent(sums.arrests / sums.incidents) : NONE, sums.arrests);
    if (given.arrests) say("arrests-note", sums.incidents
      ? `${whole.format(sums.arrests)} with an arrest; ${percentage("95")} interval ${percent(low)} to ${percent(high)}` : "no incident");
    say("late", sums.incidents ? percent(sums.late / sums.incidents) : NONE, sums.late);
    say("late-note", `${whole.format(sums.late)} in the hours ${given.late_night}`);
    const daily = valueOf("per_day", of.all);
    say("daily", daily === null ? NONE : fixed(daily, daily < 10 ? 2 : 1), daily ?? "");
    if (given.residents) say("residents", ...rated(valueOf("per_1000_residents_per_year", of.all)));
    const changed = valueOf("change", of.all);
    say("change", changed === null ? NONE : change(changed), changed ?? "");
    const words = [...Object.values(lists), period].map((each) => each.words()).join("; ");
    slot("words").textContent = `${words}: ${whole.format(sums.incidents)} incident${sums.incidents === 1 ? "" : "s"}`;
    form.elements.everything.disabled = isAll(filter);
    root.toggleAttribute("data-filtered", !isAll(filter) || !isUsual());
    tables(sums, filter, of);
    comparison(filter, of);
    if (!redraw) return undefined;
    const rows = chartRows(sums, filter, of);
    for (const name of Object.keys(rows)) {
      const holder = root.querySelector(`[data-chart="${name}"]`);
      holder.setAttribute("aria-label", labels(name, sums, words));
      const caption = holder.closest("figure").querySelector("figcaption");
      caption.dataset.key ??= caption.textContent;
      const key = name === "clock" ? caption.dataset.key : caption.dataset.key.replace(given.measures[0].title, measure().title);
      caption.textContent = `${words}. ${key}`;
    }
    remember(filter);
    CrimeTooltips.hide();
    drawing = drawing.then(() => Promise.all(Object.keys(rows).map((name) => draw(name, rows[name]))));
    return drawing.then(() => { root.dataset.drawn = `${words} ${measure().name}`; });
  }
  function labels(name, sums, words) {
    const hour = sums.hours.indexOf(Math.max(...sums.hours));
    return {
      months: `${measure().title} by month. ${words}. The table of months holds every number.`,
      clock: `Incidents by hour of the day. ${words}. ${whole.format(sums.late)} of ${whole.format(sums.incidents)} late at night; most in the hour from ${base.clock[hour].hour}.`,
      map: `Map of the areas: ${measure().title.toLowerCase()}. ${words}. The table of areas holds every number.`,
    }[name];
  }

  // The choice is part of the address, so that it survives a reload and can be passed on.
  const MARK = "#filter";
  const named = { type: given.types, area: given.areas.map((each) => String(each.area ?? "none")), district: given.districts, beat: given.beats };
  function remember(filter) {
    const parts = Object.keys(lists).flatMap((name) =>
      [...filter[name] ?? []].map((at) => `&${name}=${encodeURIComponent(named[name][at])}`));
    const { from, to } = filter;
    const short = CrimeCalendar.isBegin(from) && CrimeCalendar.isEnd(to) ? CrimeCalendar.isoMonth : CrimeCalendar.iso;
    if (!period.isAll()) parts.push(`&from=${short(from)}&to=${short(to)}`);
    if (!isUsual()) parts.push(`&by=${measure().name}`);
    const hash = parts.length ? MARK + parts.join("") : location.hash.startsWith(MARK) ? "#explorer" : location.hash;
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
  }
  // Whether the address says what is chosen, be it nothing.
  function recall() {
    if (!location.hash.startsWith(MARK)) return false;
    const asked = new URLSearchParams(location.hash.slice(MARK.length));
    for (const [name, list] of Object.entries(lists)) {
      const positions = asked.getAll(name).map((value) => named[name].indexOf(value)).filter((at) => at >= 0);
      list.choose(positions.length ? new Set(positions) : null);
    }
    period.choose(CrimeCalendar.parsed(asked.get("from"), false) ?? calendar.first, CrimeCalendar.parsed(asked.get("to"), true) ?? calendar.last);
    const by = given.measures.find((each) => each.name === asked.get("by")) ?? given.measures[0];
    form.elements.by.value = by.name;
    return true;
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => update());
  form.elements.everything.addEventListener("click", () => {
    for (const list of Object.values(lists)) list.choose(null);
    period.choose(calendar.first, calendar.last);
    update();
  });
  addEventListener("hashchange", () => { if (recall()) update(); });
  matchMedia("(min-width: 900px)").addEventListener("change", () => { if (Object.keys(views).length) update(); });
  const recalled = recall();
  update({ redraw: false });
  root.dataset.ready = "yes";
  form.hidden = false;
  if (recalled) {
    await update();
    root.scrollIntoView();
  } else {
    // The charts answer to the pointer once they come into sight.
    const watcher = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watcher.disconnect();
      if (!Object.keys(views).length) update();
    });
    watcher.observe(root.querySelector("[data-chart]"));
  }
})();
