// Draws every [data-chart] from the figures in its JSON element. Colours come from the page's tokens, so both themes and
// the tier palette fit; the same figures stand in the table behind the drawing. Tooltips are drawn on the canvas: the
// security policy allows no inline styles.
(function () {
  "use strict";
  var drawn = new Map();
  var calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  function token(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  function colour(part, place) {
    if (part && part.slot) return token("--tier-" + ((part.slot - 1) % 8 + 1));
    if (part && part.tone) return token(part.tone === "accent" ? "--accent" : "--" + part.tone + "-fill");
    return place === 0 ? token("--accent") : token("--tier-" + (place % 8 + 1));
  }

  function number(value) { return value === null || value === undefined || value === "" ? null : Number(value); }

  function chinese() { return document.documentElement.lang.toLowerCase().indexOf("zh") === 0; }

  function brief(value, unit) {
    if (unit === "percent") return value + "%";
    var steps = chinese() ? [[1e8, "亿"], [1e4, "万"]] : [[1e9, "B"], [1e6, "M"], [1e3, "K"]];
    for (var i = 0; i < steps.length; i++) {
      if (Math.abs(value) >= steps[i][0]) return (value / steps[i][0]).toLocaleString("en-US", { maximumFractionDigits: 2 }) + steps[i][1];
    }
    return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
  }

  function exact(value, unit) {
    if (value === null || value === undefined) return "—";
    var digits = unit === "yuan" ? 2 : 0;
    return Number(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: Math.max(digits, 2) }) + (unit === "percent" ? "%" : "");
  }

  function valueAxis(spec) {
    return {
      type: "value", axisLine: { show: false }, axisTick: { show: false },
      axisLabel: { color: token("--muted"), formatter: function (value) { return brief(value, spec.unit); } },
      splitLine: { lineStyle: { color: token("--line") } }
    };
  }

  function categoryAxis(spec) {
    return {
      type: "category", data: spec.categories, boundaryGap: spec.kind !== "line" && spec.kind !== "area", inverse: spec.kind === "hbar",
      axisLine: { lineStyle: { color: token("--line-strong") } }, axisTick: { show: false }, axisLabel: { color: token("--muted"), hideOverlap: true }
    };
  }

  function thresholds(spec) {
    if (!spec.thresholds || !spec.thresholds.length) return undefined;
    return {
      symbol: "none", silent: true, animation: false,
      data: spec.thresholds.map(function (line) {
        var shade = colour(line, 0);
        var at = spec.kind === "hbar" ? { xAxis: number(line.value) } : { yAxis: number(line.value) };
        at.lineStyle = { color: shade, type: "dashed", width: 1 };
        at.label = { formatter: String(line.label), color: token("--text"), position: "insideEndTop", fontSize: 11 };
        return at;
      })
    };
  }

  function seriesOf(spec) {
    return spec.series.map(function (part, place) {
      var line = spec.kind === "line" || spec.kind === "area";
      var shade = colour(part, place), slots = part.slots || [];  // a bar may have a colour of its own
      return {
        name: part.name, type: line ? "line" : "bar", data: part.data.map(function (value, at) { return slots[at] ? { value: number(value), itemStyle: { color: colour({ slot: slots[at] }, at) } } : number(value); }), stack: part.stack || (spec.kind === "stack" ? "all" : undefined),
        itemStyle: { color: shade }, lineStyle: { color: shade, width: part.plain ? 1 : 2 }, areaStyle: spec.kind === "area" && !part.plain ? { color: shade, opacity: 0.12 } : undefined,
        showSymbol: part.data.length < 32 && !part.plain, symbolSize: 5, connectNulls: false, barMaxWidth: 36, barCategoryGap: spec.kind === "histogram" ? "8%" : "30%",
        markLine: place === 0 ? thresholds(spec) : undefined
      };
    });
  }

  function pieOf(spec) {
    var part = spec.series[0] || { data: [] };
    return [{
      type: "pie", radius: ["42%", "66%"], center: ["50%", "50%"], itemStyle: { borderColor: token("--surface"), borderWidth: 2 },
      label: { color: token("--text"), formatter: "{b}\n{d}%", overflow: "none", fontSize: 11 }, labelLine: { length: 8, length2: 6 },
      data: spec.categories.map(function (name, place) {
        return { name: name, value: number(part.data[place]), itemStyle: { color: colour({ slot: (part.slots || [])[place] || place + 1 }, place) } };
      })
    }];
  }

  function optionOf(spec) {
    var pie = spec.kind === "pie";
    var option = {
      animation: !calm.matches, animationDuration: 250, backgroundColor: "transparent",
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: token("--text") },
      tooltip: {
        renderMode: "richText", trigger: pie ? "item" : "axis", confine: true, backgroundColor: token("--raised"), borderColor: token("--line"),
        textStyle: { color: token("--text"), fontSize: 12 }, valueFormatter: function (value) { return exact(value, spec.unit); }
      },
      legend: { show: !pie && spec.series.length > 1, top: 0, left: 0, itemWidth: 12, itemHeight: 8, textStyle: { color: token("--text") } },
      series: pie ? pieOf(spec) : seriesOf(spec)
    };
    if (pie) return option;
    option.grid = { left: 4, right: 16, top: spec.series.length > 1 ? 32 : 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" };
    option.xAxis = spec.kind === "hbar" ? valueAxis(spec) : categoryAxis(spec);
    option.yAxis = spec.kind === "hbar" ? categoryAxis(spec) : valueAxis(spec);
    return option;
  }

  function draw(box) {
    var source = document.getElementById(box.dataset.chart);
    if (!source || !window.echarts) return;
    var chart = drawn.get(box) || window.echarts.init(box);
    drawn.set(box, chart);
    chart.setOption(optionOf(JSON.parse(source.textContent)), true);
  }

  var sizes = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) { var chart = drawn.get(entry.target); if (chart) chart.resize(); });
  });

  function drawAll(root) {
    drawn.forEach(function (chart, box) { if (!box.isConnected) { chart.dispose(); drawn.delete(box); } });
    root.querySelectorAll("[data-chart]").forEach(function (box) {
      if (!drawn.has(box)) sizes.observe(box);
      draw(box);
    });
  }

  drawAll(document);
  document.addEventListener("htmx:load", function (event) { drawAll(event.detail.elt); });
  document.addEventListener("crm:look", function () { drawn.forEach(function (_chart, box) { draw(box); }); });
})();
