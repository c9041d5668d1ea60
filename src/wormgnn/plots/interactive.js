// Figures to turn and to play, in place of their static pictures; tables to filter and to sort.
(() => {
  "use strict";

  const CLEAR = "rgba(0,0,0,0)", FULL_WIDTH = 560;

  // On whatever lies behind; where a finger would zoom into a flat figure, it scrolls the page.
  const dressed = (layout) => {
    const touch = !layout.scene && matchMedia("(pointer: coarse)").matches;
    const drag = touch ? { dragmode: false } : {};
    return { ...layout, ...drag, paper_bgcolor: CLEAR, plot_bgcolor: CLEAR, autosize: true };
  };

  // The ink and the ground of the page, light or dark.
  const inks = (layout, box) => {
    const { color: ink, fontFamily } = getComputedStyle(box);
    const ground = getComputedStyle(document.body).backgroundColor;
    if (layout.scene) return { "font.color": ink };
    const update = { "font.color": ink, "font.family": fontFamily };
    const axes = Object.keys(layout).filter((name) => /^[xy]axis/.test(name));
    for (const name of axes) {
      update[`${name}.color`] = ink;
      if (layout[name].showspikes) update[`${name}.spikecolor`] = ink;  // a colour alone would show them
    }
    const bar = { "modebar.color": ink, "modebar.activecolor": ink };
    return { ...update, ...bar, "hoverlabel.bgcolor": ground, "hoverlabel.font.color": ink };
  };

  // Seen from further away where there is little room.
  const placed = (layout, box) => {
    if (!layout.scene) return layout;
    const away = Math.max(1, FULL_WIDTH / box.clientWidth);
    const eye = Object.entries(layout.scene.camera.eye).map(([name, at]) => [name, at * away]);
    const camera = { ...layout.scene.camera, eye: Object.fromEntries(eye) };
    return { ...layout, scene: { ...layout.scene, camera } };
  };

  const webgl = () => {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl") || canvas.getContext("experimental-webgl"));
  };

  const element = (kind, properties, ...children) => {
    const made = Object.assign(document.createElement(kind), properties);
    made.append(...children);
    return made;
  };

  // One worm runs along its path: the last steps as a tail, the present one as a ball.
  const controls = (box, plot, run) => {
    const last = run.x.length - 1;
    const slider = element("input", { type: "range", min: 0, max: last, value: last });
    const button = element("button", { type: "button", textContent: "Play" });
    const said = element("output", {});
    slider.style.flex = "1 1 12rem";
    let playing = false;
    const move = (at) => {
      const tail = (values) => values.slice(Math.max(at - run.tail, 0), at + 1);
      const colours = tail(run.colour);
      Plotly.restyle(plot, {
        x: [tail(run.x), [run.x[at]]],
        y: [tail(run.y), [run.y[at]]],
        z: [tail(run.z), [run.z[at]]],
        "line.color": [colours, colours.at(-1)],
        "marker.color": [colours.at(-1), colours.at(-1)],
      }, run.traces);
      said.textContent = `${Math.round(run.seconds[at])} s: ${run.state[at]}`;
    };
    const step = () => {
      if (!playing) return;
      const next = Number(slider.value) + 1;
      slider.value = next > last ? 0 : next;
      move(Number(slider.value));
      setTimeout(() => requestAnimationFrame(step), 50);
    };
    const play = (wanted) => {
      playing = wanted;
      button.textContent = playing ? "Pause" : "Play";
      if (playing) step();
    };
    button.addEventListener("click", () => play(!playing));
    slider.addEventListener("input", () => { play(false); move(Number(slider.value)); });
    const row = element("div", {}, button, element("label", { textContent: "time " }, slider), said);
    row.style.cssText = "display: flex; gap: 0.8em; align-items: center; flex-wrap: wrap";
    row.querySelector("label").style.cssText = "display: flex; flex: 1 1 12rem; gap: 0.5em";
    box.append(row);
    move(Math.min(run.tail, last));
    slider.value = Math.min(run.tail, last);
  };

  // One of several things to compare with.
  const choice = (box, plot, choices) => {
    const options = choices.map((one) => element("option", { textContent: one.label }));
    const select = element("select", {}, ...options);
    const said = element("p", {});
    said.setAttribute("aria-live", "polite");
    const choose = () => {
      const one = choices[select.selectedIndex];
      Plotly.restyle(plot, { visible: one.visible });
      said.textContent = one.note;
    };
    select.addEventListener("change", choose);
    box.prepend(element("label", { textContent: "Compare with: " }, select));
    box.append(said);
    choose();
  };

  const draw = (box) => {
    const told = JSON.parse(box.querySelector("script").textContent);
    const still = box.querySelector("img");
    if (!window.Plotly || (told.layout.scene && !webgl())) return;
    const plot = element("div", {});
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", still.alt);
    plot.style.cssText = `width: 100%; height: ${told.layout.height}px`;
    box.append(plot);
    const options = {
      responsive: true,
      displaylogo: false,
      scrollZoom: false,
      displayModeBar: told.layout.scene ? "hover" : true,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
      toImageButtonOptions: { format: "svg", filename: document.title },
    };
    const layout = placed(told.layout, box);
    Plotly.newPlot(plot, told.data, dressed(layout), options).then(() => {
      still.hidden = true;
      const ink = () => Plotly.relayout(plot, inks(layout, box));
      ink();
      if (told.run) controls(box, plot, told.run);
      if (told.choices) choice(box, plot, told.choices);
      const theme = { attributes: true, attributeFilter: ["data-theme"] };
      new MutationObserver(ink).observe(document.documentElement, theme);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ink);
    });
  };

  const filter = (box) => {
    const table = box.querySelector("table"), body = table.tBodies[0];
    const rows = [...body.rows], form = box.querySelector("form"), said = box.querySelector("output");
    const show = () => {
      const asked = new FormData(form), words = String(asked.get("words")).toLowerCase();
      let shown = 0;
      for (const row of rows) {
        const fits = (!asked.get("verdict") || row.dataset.verdict === asked.get("verdict"))
          && (!asked.get("topic") || row.dataset.topic === asked.get("topic"))
          && row.textContent.toLowerCase().includes(words);
        row.hidden = !fits;
        shown += fits;
      }
      said.textContent = `${shown} of ${rows.length} claims`;
    };
    const sort = (head) => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => {
        const cell = row.cells[head.cellIndex];
        return cell.dataset.key ?? cell.textContent;
      };
      const order = (a, b) => key(a).localeCompare(key(b), "en", { numeric: true });
      body.append(...rows.sort((a, b) => (up ? order(a, b) : order(b, a))));
    };
    for (const button of table.tHead.querySelectorAll("button"))
      button.addEventListener("click", () => sort(button.closest("th")));
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  };

  const start = () => {
    document.querySelectorAll(".wormgnn-interactive").forEach(draw);
    document.querySelectorAll(".wormgnn-filter").forEach(filter);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
