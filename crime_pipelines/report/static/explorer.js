"use strict";
// The filters: what is chosen is added up here, and shown in numbers, charts and tables.
(async () => {
  const root = document.getElementById("explorer");
  if (!root) return;
  const given = JSON.parse(document.getElementById("explorer-data").textContent);
  const LATE_RATE_YEAR = 365.25;
  const form = root.querySelector("form");
  const lists = Object.fromEntries([...form.querySelectorAll("[data-filter]")].map((each) => [each.dataset.filter, CrimeChoices.list(each)]));
  const period = CrimeChoices.period(form.elements.from, form.elements.to);
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

  let added;
  try {
    added = CrimeCounts.adder(given, await CrimeCounts.unpacked(given));
  } catch {
    root.querySelector("[role=status]").textContent = "This browser is too old for the filters.";
    return;
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

  // The days that the data cover of the months chosen; null where that is not known.
  const days = (filter) => given.days.slice(filter.from, filter.to + 1).reduce((sum, each) => sum + each, 0) || null;
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
      const at = row.month - given.first_month;
      return { ...row, incidents: sums.months[at], chosen: filter.from <= at && at <= filter.to };
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
          said: ratedAreas ? rate(value) : whole.format(late), outlined: at !== undefined && (filter.area?.has(at) ?? false) } };
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
        const areas = lists.area.value() ?? new Set();
        if (!areas.delete(at)) areas.add(at);
        lists.area.choose(areas);
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

  const chosenFilter = () => ({ type: null, area: null, district: null, ...period.value(),
    ...Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.value()])) });
  const isAll = (filter) => period.isAll() && !filter.type && !filter.area && !filter.district;
  const all = added({ type: null, area: null, district: null, from: 0, to: period.last }).incidents;
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
    const words = [...Object.values(lists), period].map((each) => each.words()).join("; ");
    slot("words").textContent = `${words}: ${whole.format(sums.incidents)} incident${sums.incidents === 1 ? "" : "s"}`;
    form.elements.everything.disabled = isAll(filter);
    root.toggleAttribute("data-filtered", !isAll(filter));
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
  const month = (at) => `${Math.floor((given.first_month + at) / 12)}-${String((given.first_month + at) % 12 + 1).padStart(2, "0")}`;
  const named = { type: given.types, area: given.areas.map((each) => String(each.area ?? "none")), district: given.districts };
  function remember(filter) {
    const parts = Object.keys(lists).flatMap((name) =>
      [...filter[name] ?? []].map((at) => `&${name}=${encodeURIComponent(named[name][at])}`));
    if (!period.isAll()) parts.push(`&from=${month(filter.from)}&to=${month(filter.to)}`);
    const hash = parts.length ? MARK + parts.join("") : location.hash.startsWith(MARK) ? "#explorer" : location.hash;
    if (hash !== location.hash) history.replaceState(null, "", hash || location.pathname);
  }
  function recall() {
    if (!location.hash.startsWith(MARK)) return false;
    const asked = new URLSearchParams(location.hash.slice(MARK.length));
    for (const [name, list] of Object.entries(lists)) {
      const positions = asked.getAll(name).map((value) => named[name].indexOf(value)).filter((at) => at >= 0);
      list.choose(positions.length ? new Set(positions) : null);
    }
    const months = Array.from({ length: given.months }, (_, at) => month(at));
    const [from, to] = ["from", "to"].map((end) => months.indexOf(asked.get(end)));
    period.choose(from < 0 ? 0 : from, to < 0 ? period.last : to);
    return !isAll(chosenFilter());
  }

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => update());
  form.elements.everything.addEventListener("click", () => { form.reset(); update(); });
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
