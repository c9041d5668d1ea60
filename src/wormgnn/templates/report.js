"use strict";
(() => {
  const figure = JSON.parse(document.getElementById("figure-data").textContent);
  const element = document.getElementById("figure");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // On a touch screen a drag scrolls the page; the buttons zoom.
  const touch = matchMedia("(pointer: coarse)").matches;

  const theme = () => {
    const style = getComputedStyle(document.documentElement);
    const [ink, quiet, line, card] = ["--ink", "--quiet", "--line", "--card"].map((name) => style.getPropertyValue(name).trim());
    const update = {
      "font.color": ink,
      "font.family": "system-ui, sans-serif",
      "modebar.color": quiet,
      "modebar.activecolor": ink,
      "hoverlabel.bgcolor": card,
      "hoverlabel.bordercolor": line,
      "hoverlabel.font.color": ink,
      "xaxis.spikecolor": ink,
      dragmode: touch ? false : "zoom",
    };
    for (const name of ["xaxis", "xaxis2"]) {
      update[`${name}.linecolor`] = line;
      update[`${name}.tickcolor`] = line;
    }
    return update;
  };

  const config = {
    responsive: true,
    displayModeBar: true,
    displaylogo: false,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    toImageButtonOptions: { format: "svg", filename: document.title },
  };
  Plotly.newPlot(element, figure.data, figure.layout, config).then(() => Plotly.relayout(element, theme()));
  dark.addEventListener("change", () => Plotly.relayout(element, theme()));
})();
