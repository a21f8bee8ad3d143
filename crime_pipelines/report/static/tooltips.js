"use strict";
// The values of a chart's marks, to the pointer, to a finger and to the keyboard. Without this script the charts stand as
// they are, and their tables hold the values.
const CrimeTooltips = (() => {
  const CHARTS = ".chart [role=img], .chart[role=img]";
  const GAP = 10; // pixels between a mark and its words, and between these and the edge of the window
  const HINT = "Arrow keys, Home and End step through the values; Escape closes.";
  const made = (className, attributes) => {
    const element = document.createElement("div");
    element.className = className;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    document.querySelector("main").append(element); // a landmark, which assistive technology looks through
    return element;
  };
  // What is spoken is a text of its own: the words beside a mark come and go with the pointer.
  const spoken = made("hidden", { role: "status" });
  const hint = made("hidden", { id: "chart-hint" });
  hint.textContent = HINT;
  const tooltip = made("tooltip", { "aria-hidden": "true", hidden: "" });
  let open = null; // { chart, mark, byPointer }
  const positions = new WeakMap(); // of the mark that the keyboard reached last, by chart

  // Those of the charts that the filters change are drawn by Vega, which keeps a mark's words with it. A measure
  // that is a count of incidents need not be said twice.
  const liveWords = (mark) => Object.entries(mark.__data__?.tooltip ?? {})
    .filter(([, value], at, all) => all.findLastIndex((each) => each[1] === value) === at)
    .map(([title, value]) => `${title}: ${value}`);
  function marksOf(chart) {
    const live = [...chart.querySelectorAll(".live svg path")].map((mark) => ({ mark, lines: liveWords(mark) }));
    const words = chart.closest("[data-marks]")?.dataset.marks.split("\n\n") ?? [];
    const fixed = [...chart.querySelectorAll("[data-mark]")].map((mark) => ({ mark, lines: words[mark.dataset.mark].split("\n") }));
    return [...live, ...fixed].filter((each) => each.lines.length);
  }

  // A mark that is no point and no rectangle, as an area on a map, is hit inside its outline alone.
  const hasOutline = (mark) => /[AL][^A-Z]*[AL]/.test(mark.getAttribute("d"));
  function distance(mark, x, y) {
    const box = mark.getBoundingClientRect();
    const [across, down] = [Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom)];
    return across ** 2 + (down / 8) ** 2; // above a line or a column its month is meant
  }
  function markAt(chart, event) {
    const marks = marksOf(chart);
    const under = document.elementsFromPoint(event.clientX, event.clientY); // a name may lie above an area
    const hit = marks.find((each) => under.includes(each.mark));
    if (hit) return hit;
    const near = marks.filter((each) => !hasOutline(each.mark))
      .map((each) => ({ ...each, distance: distance(each.mark, event.clientX, event.clientY) }));
    return near.length ? near.reduce((best, each) => (each.distance < best.distance ? each : best)) : null;
  }

  function place(mark) {
    const box = mark.getBoundingClientRect();
    const [width, height] = [tooltip.offsetWidth, tooltip.offsetHeight];
    const right = document.documentElement.clientWidth - width - GAP;
    const left = Math.max(GAP, Math.min(box.left + box.width / 2 - width / 2, right));
    const above = box.top - height - GAP;
    const top = above >= GAP ? above : Math.min(box.bottom + GAP, innerHeight - height - GAP);
    tooltip.style.left = `${left + scrollX}px`;
    tooltip.style.top = `${top + scrollY}px`;
  }
  function show(chart, { mark, lines }, byPointer) {
    if (byPointer && open?.mark === mark) return;
    hide();
    open = { chart, mark, byPointer };
    mark.classList.add("pointed");
    const [name, ...values] = lines;
    const head = document.createElement("strong");
    head.textContent = name;
    tooltip.replaceChildren(head, ...values.map((value) => {
      const line = document.createElement("div");
      line.textContent = value;
      return line;
    }));
    tooltip.hidden = false;
    place(mark);
  }
  function hide() {
    open?.mark.classList.remove("pointed");
    open = null;
    tooltip.hidden = true;
  }

  function step(chart, key) {
    const marks = marksOf(chart);
    if (!marks.length) return false;
    const columns = Number(chart.closest("[data-columns]")?.dataset.columns ?? 1);
    const moves = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns };
    const last = marks.length - 1;
    const at = Math.min(positions.get(chart) ?? -1, last);
    let next = key === "Home" ? 0 : key === "End" ? last : at < 0 ? (moves[key] > 0 ? 0 : last) : at + moves[key];
    if (next < 0 || next > last) next = at; // no further
    positions.set(chart, next);
    marks[next].mark.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    show(chart, marks[next], false);
    spoken.textContent = marks[next].lines.join("; ");
    return true;
  }
  function press(chart, event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (/^(Arrow(Right|Left|Down|Up)|Home|End)$/.test(event.key) && step(chart, event.key)) event.preventDefault();
  }

  function enhance(chart) {
    // Of an image a screen reader would keep the keys to itself.
    chart.setAttribute("role", "application");
    chart.setAttribute("aria-roledescription", "chart");
    chart.setAttribute("aria-describedby", hint.id);
    chart.tabIndex = 0;
    for (const svg of chart.querySelectorAll("svg")) svg.setAttribute("aria-hidden", "true");
    chart.addEventListener("keydown", (event) => press(chart, event));
    chart.addEventListener("blur", () => { if (open?.chart === chart && !open.byPointer) hide(); });
    const point = (event) => {
      const found = markAt(chart, event);
      if (found) show(chart, found, true);
      else if (open?.chart === chart) hide();
    };
    chart.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") point(event); });
    chart.addEventListener("click", point); // a finger's touch that is no scrolling
    chart.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && open?.chart === chart && open.byPointer) hide();
    });
  }

  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("pointerdown", (event) => { if (open && !open.chart.contains(event.target)) hide(); });
  addEventListener("resize", hide);
  document.querySelectorAll(CHARTS).forEach(enhance);
  return { hide };
})();
