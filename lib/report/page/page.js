"use strict";
// Draws the pictures of a page, shows the numbers behind them, and hands both out as files.
(() => {
  const pictures = JSON.parse(document.getElementById("pictures").textContent);
  const tip = document.getElementById("tip");
  const steps = [[1e-9, "n"], [1e-6, "u"], [1e-3, "m"], [1, ""], [1e3, "k"], [1e6, "M"], [1e9, "G"]];
  const units = { ns: [1e-9, "s"], joules: [1, "J"], gco2e: [1, "g"], bytes: [1, "B"], watts: [1, "W"] };

  function element(name, text, attributes) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
    return made;
  }

  // 1234567 with "ns" is "1.23 ms".
  function readable(value, unit) {
    if (typeof value !== "number") return String(value);
    if (unit === "percent") return `${value.toPrecision(3)} %`;
    if (unit === "gco2e_per_kwh") return `${value.toPrecision(4)} g/kWh`;
    if (!(unit in units)) return String(value);
    const [factor, symbol] = units[unit];
    const size = value * factor;
    const step = steps.findLast(([from]) => Math.abs(size) >= from) ?? steps[size === 0 ? 3 : 0];
    return `${Number((size / step[0]).toPrecision(4))} ${step[1]}${symbol}`;
  }

  // What a mark stands for, as lines.
  function linesOf(picture, datum) {
    if (!datum || typeof datum !== "object") return [];
    return picture.tables.flatMap((table) => table.columns)
      .filter((column, i, all) => all.findIndex((other) => other.name === column.name) === i)
      .filter((column) => datum[column.name] !== undefined && datum[column.name] !== null && datum[column.name] !== "")
      .map((column) => `${column.title}: ${readable(datum[column.name], column.unit)}`);
  }

  function showTip(picture, event, datum) {
    tip.hidden = true;
    const lines = linesOf(picture, datum);
    if (lines.length === 0) return;
    tip.replaceChildren(...lines.map((line) => element("div", line)));
    tip.hidden = false;
    const left = Math.min(event.pageX + 14, window.scrollX + document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = `${Math.max(left, 4)}px`;
    tip.style.top = `${event.pageY + 14}px`;
  }

  function save(name, type, text) {
    const link = element("a", undefined, { download: name, href: URL.createObjectURL(new Blob([text], { type })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function numbersTable(table) {
    const [head, ...rows] = carbonedge.readCsv(table.csv);
    const made = element("table");
    const kind = table.columns.map((column) => (column.text ? {} : { class: "number" }));
    made.createTHead().insertRow().append(...head.map((name, i) => element("th", name, { scope: "col", ...kind[i] })));
    made.createTBody().append(...rows.map((row) => {
      const line = element("tr");
      line.append(...row.map((field, i) => element("td", field, kind[i])));
      return line;
    }));
    return made;
  }

  // The marks of a drawing that stand for a row of its numbers, in the order drawn, each row once.
  function marksOf(view, picture) {
    const marks = [];
    const seen = new Set();
    (function walk(item) {
      for (const each of item.items ?? []) {
        const text = each.datum && each.bounds ? linesOf(picture, each.datum).join("\n") : "";
        if (text !== "" && !seen.has(text)) {
          seen.add(text);
          marks.push(each);
        }
        walk(each);
      }
    })(view.scenegraph().root);
    return marks;
  }

  // Arrow keys go from mark to mark: the tip that a pointer would show, read out as well.
  function reachByKeys(figure, picture, view) {
    const drawing = figure.querySelector(".drawing");
    let marks;
    let at = -1;
    drawing.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      marks ??= marksOf(view, picture);
      if (marks.length === 0) return;
      event.preventDefault();
      at = at === -1 && step === -1 ? marks.length - 1 : (at + step + marks.length) % marks.length;
      const origin = view.origin();
      let [x, y] = [origin[0], origin[1]];
      for (let group = marks[at].mark?.group; group; group = group.mark?.group) {
        x += group.x ?? 0;
        y += group.y ?? 0;
      }
      const box = drawing.querySelector("svg").getBoundingClientRect();
      const bounds = marks[at].bounds;
      showTip(picture, { pageX: window.scrollX + box.left + x + (bounds.x1 + bounds.x2) / 2,
                         pageY: window.scrollY + box.top + y + (bounds.y1 + bounds.y2) / 2 }, marks[at].datum);
      drawing.dataset.mark = String(at);
    };
    drawing.onblur = () => { tip.hidden = true; };
  }

  async function draw(figure, picture) {
    const drawing = figure.querySelector(".drawing");
    const room = drawing.clientWidth;
    let width = Math.max(120, room - 100);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const view = carbonedge.viewOf(picture, carbonedge.onPage, width, "svg");
      view.tooltip((handler, event, item, datum) => showTip(picture, event, datum));
      const inside = element("div");
      await view.initialize(inside).runAsync();
      drawing.replaceChildren(inside);
      const excess = inside.querySelector("svg").getBoundingClientRect().width - room;
      reachByKeys(figure, picture, view);
      if (Math.abs(excess) < 3) break;
      width = Math.max(120, width - excess);
    }
    figure.dataset.drawn = "yes";
  }

  function furnish(figure, picture) {
    const tools = figure.querySelector(".tools");
    const filled = picture.tables.filter((table) => table.csv.indexOf("\n") < table.csv.length - 1);
    for (const table of filled) {
      const button = element("button", filled.length > 1 ? `CSV: ${table.title}` : "CSV", { type: "button" });
      button.addEventListener("click", () => save(`${picture.name}-${table.name}.csv`, "text/csv", table.csv));
      tools.append(button);
    }
    const svg = element("button", "SVG", { type: "button" });
    svg.addEventListener("click", async () => save(`${picture.name}.svg`, "image/svg+xml", await carbonedge.svgOnPaper(picture, 680)));
    tools.append(svg);
    const details = figure.querySelector("details");
    details.addEventListener("toggle", () => {
      if (!details.open || details.querySelector("table")) return;
      for (const table of filled) {
        const scroll = element("div", undefined, { class: "scroll", tabindex: "0", role: "region", "aria-label": table.title });
        scroll.append(numbersTable(table));
        details.append(element("h3", table.title), scroll);
      }
    });
  }

  async function drawAll() {
    for (const picture of pictures) {
      const figure = document.getElementById(`picture-${picture.name}`);
      try {
        await draw(figure, picture);
      } catch (error) {
        figure.querySelector(".drawing").textContent = `This picture could not be drawn (${error.message}); its numbers are below.`;
        console.error(picture.name, error);
      }
    }
    document.documentElement.dataset.drawn = "yes";
    document.documentElement.dataset.milliseconds = String(Math.round(performance.now()));
  }

  for (const picture of pictures) furnish(document.getElementById(`picture-${picture.name}`), picture);
  document.addEventListener("scroll", () => { tip.hidden = true; }, true);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  // On paper every table is there; what a reader had folded away is folded away again afterwards.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("section > details:not([open])")];
    for (const table of folded) table.open = true;
  });
  window.addEventListener("afterprint", () => { for (const table of folded) table.open = false; });
  let room = document.documentElement.clientWidth;
  let waiting;
  window.addEventListener("resize", () => {
    if (document.documentElement.clientWidth === room) return;
    room = document.documentElement.clientWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 150);
  });
  drawAll();
})();
