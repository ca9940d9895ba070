"use strict";
// A picture of the report drawn by Vega-Lite: in a page, where colours are CSS variables, or by node, where they are those on paper.
const carbonedge = (() => {
  const onPaper = {
    surface: "#ffffff", ink: "#1d2129", muted: "#5d6673", grid: "#e3e6ea", on_colour: "#ffffff", neutral: "#7c8693",
    c1: "#0081c5", c2: "#a22d00", c3: "#096e4e", c4: "#a87500", c5: "#8c4181", c6: "#2b2f77", c7: "#5d6673",
  };
  const onPage = Object.fromEntries(Object.keys(onPaper).map((role) => [role, `var(--${role.replace("_", "-")})`]));

  // RFC 4180, as the report writes it; the first row is the head.
  function readCsv(text) {
    const rows = [];
    let row = [];
    let at = 0;
    while (at < text.length) {
      let field = "";
      if (text[at] === '"') {
        for (at += 1; at < text.length; at += 1) {
          if (text[at] === '"') {
            if (text[at + 1] !== '"') break;
            at += 1;
          }
          field += text[at];
        }
        at += 1;
      } else {
        const end = text.slice(at).search(/[,\n]/);
        field = end < 0 ? text.slice(at) : text.slice(at, at + end);
        at += field.length;
      }
      row.push(field);
      if (text[at] !== ",") {
        rows.push(row);
        row = [];
      } else if (at + 1 === text.length) {
        row.push("");
      }
      at += 1;
    }
    return rows;
  }

  // Objects for the specification: empty is null, and only columns of numbers hold numbers.
  function valuesOf(table) {
    return readCsv(table.csv).slice(1).map((row) => Object.fromEntries(table.columns.map((column, i) =>
      [column.name, column.text ? row[i] : row[i] === "" ? null : Number(row[i])])));
  }

  function configOf(colours, width) {
    const narrow = width < 480;
    const text = { labelColor: colours.ink, titleColor: colours.muted, labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" };
    return {
      aria: false,
      background: null,
      font: 'system-ui, "Segoe UI", "DejaVu Sans", sans-serif',
      padding: 4,
      axis: { ...text, gridColor: colours.grid, domainColor: colours.muted, tickColor: colours.muted, labelLimit: narrow ? 150 : 200 },
      axisX: { titleAnchor: "start" },
      axisQuantitative: { tickCount: narrow ? 5 : 8 },
      legend: { ...text, orient: "top", direction: "horizontal", columns: narrow ? 1 : 6, symbolSize: 90, labelLimit: 260 },
      title: { color: colours.muted, fontSize: 12, fontWeight: "normal", anchor: "start" },
      view: { stroke: null },
      text: { fontSize: 12 },
      range: { category: [colours.c1, colours.c2, colours.c3, colours.c4, colours.c5, colours.c6, colours.c7] },
    };
  }

  function viewOf(picture, colours, width, renderer) {
    let text = picture.specification;
    for (const [role, colour] of Object.entries(colours)) text = text.split(`"@${role}@"`).join(JSON.stringify(colour));
    const specification = JSON.parse(text.split('"@width@"').join(String(Math.round(width))));
    specification.datasets = Object.fromEntries(picture.tables.map((table) => [table.name, valuesOf(table)]));
    const vegaSpecification = vegaLite.compile(specification, { config: configOf(colours, width) }).spec;
    const flow = vega.parse(vegaSpecification, {}, { ast: true });
    return new vega.View(flow, { expr: vegaInterpreter.expressionInterpreter, renderer, loader: noLoader() });
  }

  // Nothing is fetched, whatever a specification says.
  function noLoader() {
    const refuse = () => Promise.reject(new Error("a report loads nothing"));
    return { load: refuse, sanitize: refuse, http: refuse, file: refuse };
  }

  async function svgOnPaper(picture, width) {
    const view = viewOf(picture, onPaper, width, "none");
    view.background("#ffffff");
    return view.toSVG();
  }

  return { onPage, readCsv, viewOf, svgOnPaper };
})();
