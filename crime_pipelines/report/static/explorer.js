"use strict";
// The filters: counts by year, type and area travel in the page; what is chosen is added up here.
(async () => {
  const root = document.getElementById("explorer");
  if (!root) return;
  const given = JSON.parse(document.getElementById("explorer-data").textContent);
  const [YEAR, TYPE, AREA, ARRESTS, LATE, MONTHS, HOURS] = [0, 1, 2, 3, 4, 5, 17];
  const LATE_RATE_YEAR = 365.25;
  const form = root.querySelector("form");
  const chosen = { year: form.elements.year, type: form.elements.type, area: form.elements.area };
  const whole = new Intl.NumberFormat("en-US");
  // Never a flat 0 or 100 for what is not exactly that, as in the answers.
  function percent(share) {
    const rounded = (100 * share).toFixed(1);
    if (rounded === "0.0") return share > 0 ? "under 0.1\u00a0%" : "0\u00a0%";
    if (rounded === "100.0") return share < 1 ? "over 99.9\u00a0%" : "100\u00a0%";
    return `${rounded}\u00a0%`;
  }
  // As the answers write it: a flat 0 only for none.
  const rate = (number) => (number === null ? "\u2013" : number && number < 0.005 ? "under 0.01" : number.toFixed(2));

  function inflated(text) {
    const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")));
  }
  async function unpacked() {
    const planes = new Uint8Array(await inflated(given.data).arrayBuffer());
    const size = given.cells * given.columns;
    const numbers = new Uint32Array(size);
    for (let plane = 0; plane < given.width; plane++)
      for (let at = 0; at < size; at++) numbers[at] += planes[plane * size + at] * 2 ** (8 * plane);
    return Array.from({ length: given.columns }, (_, column) =>
      numbers.subarray(column * given.cells, (column + 1) * given.cells));
  }

  let columns;
  try {
    columns = await unpacked();
  } catch {
    root.querySelector("[role=status]").textContent = "This browser is too old for the filters.";
    return;
  }
  const monthColumns = columns.slice(MONTHS, HOURS);
  const hourColumns = columns.slice(HOURS);
  const incidentsOf = new Uint32Array(given.cells);
  for (const column of monthColumns) for (let at = 0; at < given.cells; at++) incidentsOf[at] += column[at];

  const group = () => ({ incidents: 0, arrests: 0, late: 0 });
  function added(filter) {
    const sums = {
      ...group(),
      months: given.years.map(() => new Array(12).fill(0)),
      hours: new Array(24).fill(0),
      types: given.types.map(group),
      areas: given.areas.map(group),
      areasOfAll: given.areas.map(group),
    };
    const [years, types, areas, arrests, late] = columns;
    const count = (into, at) => {
      into.incidents += incidentsOf[at];
      into.arrests += arrests[at];
      into.late += late[at];
    };
    for (let at = 0; at < given.cells; at++) {
      const [inYear, inType, inArea] = [
        filter.year < 0 || years[at] === filter.year,
        filter.type < 0 || types[at] === filter.type,
        filter.area < 0 || areas[at] === filter.area,
      ];
      // The months keep every year, and the map every area: what is not chosen is shown paler.
      if (inType && inArea) for (let month = 0; month < 12; month++) sums.months[years[at]][month] += monthColumns[month][at];
      if (inYear && inType) count(sums.areasOfAll[areas[at]], at);
      if (!(inYear && inType && inArea)) continue;
      count(sums, at);
      count(sums.types[types[at]], at);
      count(sums.areas[areas[at]], at);
      for (let hour = 0; hour < 24; hour++) sums.hours[hour] += hourColumns[hour][at];
    }
    return sums;
  }

  // Wilson's interval, as in the answers.
  function interval(part, all) {
    if (!all) return [0, 1];
    const [p, z2] = [part / all, given.z ** 2];
    const middle = p + z2 / (2 * all);
    const reach = given.z * Math.sqrt((p * (1 - p) + z2 / (4 * all)) / all);
    const under = 1 + z2 / all;
    // None of so many is exactly 0, whatever the rounding.
    return [Math.max(0, Math.min(p, (middle - reach) / under)), Math.min(1, Math.max(p, (middle + reach) / under))];
  }

  const days = (filter) => given.days[filter.year < 0 ? "all" : given.years[filter.year]] ?? null;
  const ratedAreas = given.areas.every((area) => area.area === null || area.residents);
  function lateRate(late, area, filter) {
    const covered = days(filter);
    if (!ratedAreas || !covered || !given.areas[area].residents) return null;
    return (late * 1000 * LATE_RATE_YEAR) / (given.areas[area].residents * covered);
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
  const shared = (part, all) => (all ? [percent(part / all), part / all] : ["\u2013", ""]);
  function tables(sums, filter) {
    const order = (groups) => groups.map((each, at) => ({ ...each, at })).filter((each) => each.incidents)
      .sort((one, other) => other.incidents - one.incidents || one.at - other.at);
    fill(root.querySelector("[data-name=selected_types]"), order(sums.types).map((each) => {
      const [low, high] = interval(each.arrests, each.incidents);
      const arrested = given.arrests
        ? [counted(each.arrests), shared(each.arrests, each.incidents), [percent(low), low], [percent(high), high]] : [];
      return [[given.types[each.at], given.types[each.at]], counted(each.incidents), ...arrested, counted(each.late)];
    }));
    fill(root.querySelector("[data-name=selected_areas]"), order(sums.areas).map((each) => {
      const late = lateRate(each.late, each.at, filter);
      return [[given.areas[each.at].name, given.areas[each.at].name], counted(each.incidents),
        ...(given.arrests ? [counted(each.arrests)] : []), counted(each.late), [rate(late), late ?? ""]];
    }));
    const months = monthRows(sums, filter).filter((row) => row.chosen);
    fill(root.querySelector("[data-name=selected_months]"),
      months.map((row) => [[row.name + (row.whole ? "" : " (incomplete)"), row.name], counted(row.incidents)]));
  }

  const base = Object.fromEntries(Object.entries(given.charts).map(([name, chart]) => [name, chart.narrow.datasets.selection]));
  function monthRows(sums, filter) {
    return base.months.map((row) => {
      const year = given.years.indexOf(Math.floor(row.month / 12));
      return { ...row, incidents: year < 0 ? 0 : sums.months[year][row.month % 12], chosen: filter.year < 0 || filter.year === year };
    });
  }
  function chartRows(sums, filter) {
    const rows = {
      months: monthRows(sums, filter),
      clock: base.clock.map((row) => ({ ...row, incidents: sums.hours[row.at] })),
    };
    if (base.map) {
      const position = new Map(given.areas.map((area, at) => [area.area, at]));
      rows.map = base.map.map((feature) => {
        const at = position.get(feature.properties.area);
        const late = at === undefined ? 0 : sums.areasOfAll[at].late;
        const perResident = at === undefined ? null : lateRate(late, at, filter);
        const value = ratedAreas ? perResident ?? (at === undefined ? 0 : null) : late;
        return { ...feature, properties: { ...feature.properties, rate: value, late: whole.format(late),
          said: ratedAreas ? rate(value) : whole.format(late), outlined: filter.area === at && at !== undefined } };
      });
    }
    return rows;
  }

  // Vega is read when first needed, so that the page opens at once.
  let embed;
  function library() {
    embed ??= inflated(document.getElementById("vega").textContent).text().then((text) => {
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
      const place = document.createElement("div");
      place.className = "live";
      const { view } = await (await library())(place, spec,
        { ast: true, renderer: "svg", actions: false, defaultStyle: false, mode: "vega-lite" });
      fit(place);
      holder.replaceChildren(place);
      views[name]?.view.finalize();
      views[name] = { kind, view, place };
      if (name === "map") view.addEventListener("click", (_, item) => {
        const at = given.areas.findIndex((area) => area.area === item?.datum?.properties?.area);
        if (at < 0) return;
        chosen.area.value = chosen.area.value === String(at) ? "" : String(at);
        update();
      });
    } else {
      await views[name].view.data("selection", rows).runAsync();
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

  const chosenFilter = () => Object.fromEntries(
    Object.entries(chosen).map(([name, select]) => [name, select.value === "" ? -1 : Number(select.value)]));
  const all = added({ year: -1, type: -1, area: -1 }).incidents;
  let drawing = Promise.resolve();

  function update({ redraw = true } = {}) {
    const filter = chosenFilter();
    const sums = added(filter);
    const [low, high] = interval(sums.arrests, sums.incidents);
    say("incidents", whole.format(sums.incidents), sums.incidents);
    say("incidents-note", `${percent(all ? sums.incidents / all : 0)} of all`);
    if (given.arrests) say("arrests", sums.incidents ? percent(sums.arrests / sums.incidents) : "\u2013", sums.arrests);
    if (given.arrests) say("arrests-note", sums.incidents
      ? `${whole.format(sums.arrests)} with an arrest; 95\u00a0% interval ${percent(low)} to ${percent(high)}` : "no incident");
    say("late", sums.incidents ? percent(sums.late / sums.incidents) : "\u2013", sums.late);
    say("late-note", `${whole.format(sums.late)} in the hours ${given.late_night}`);
    const covered = days(filter);
    say("daily", covered ? (sums.incidents / covered).toFixed(sums.incidents / covered < 10 ? 2 : 1) : "\u2013",
      covered ? sums.incidents / covered : "");
    const words = Object.values(chosen).map((select) => select.selectedOptions[0].textContent.trim()).join(", ");
    slot("words").textContent = `${words}: ${whole.format(sums.incidents)} incident${sums.incidents === 1 ? "" : "s"}`;
    form.elements.everything.disabled = Object.values(filter).every((each) => each < 0);
    tables(sums, filter);
    if (!redraw) return undefined;
    const rows = chartRows(sums, filter);
    for (const name of Object.keys(rows)) {
      const holder = root.querySelector(`[data-chart="${name}"]`);
      holder.setAttribute("aria-label", labels(name, sums, words));
      const caption = holder.closest("figure").querySelector("figcaption");
      caption.dataset.key ??= caption.textContent;
      caption.textContent = `${words}. ${caption.dataset.key}`;
    }
    remember(filter);
    drawing = drawing.then(() => Promise.all(Object.keys(rows).map((name) => draw(name, rows[name]))));
    return drawing.then(() => { root.dataset.drawn = words; });
  }
  function labels(name, sums, words) {
    const hour = sums.hours.indexOf(Math.max(...sums.hours));
    return {
      months: `Incidents by month. ${words}. The table of months holds every number.`,
      clock: `Incidents by hour of the day. ${words}. ${whole.format(sums.late)} of ${whole.format(sums.incidents)} late at night; most in the hour from ${hour}:00.`,
      map: `Map of the areas by late-night incidents. ${words}. The table of areas holds every number.`,
    }[name];
  }

  // The choice is part of the address, so that it survives a reload and can be passed on.
  const MARK = "#filter";
  function remember(filter) {
    const parts = Object.entries(filter).filter(([, at]) => at >= 0).map(([name, at]) => `&${name}=${
      encodeURIComponent({ year: given.years, type: given.types, area: given.areas.map((area) => area.area ?? "none") }[name][at])}`);
    const hash = parts.length ? MARK + parts.join("") : location.hash.startsWith(MARK) ? "#explorer" : location.hash;
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
  }
  function recall() {
    if (!location.hash.startsWith(MARK)) return false;
    const asked = new URLSearchParams(location.hash.slice(MARK.length));
    const at = {
      year: given.years.indexOf(Number(asked.get("year"))),
      type: given.types.indexOf(asked.get("type")),
      area: given.areas.findIndex((area) => String(area.area ?? "none") === asked.get("area")),
    };
    for (const [name, select] of Object.entries(chosen)) select.value = at[name] < 0 ? "" : String(at[name]);
    return Object.values(at).some((each) => each >= 0);
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => update());
  form.elements.everything.addEventListener("click", () => { form.reset(); update(); });
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
