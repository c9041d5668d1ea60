// What the tests want to know of a page, as its reader has it; `least` is the contrast that text needs.
async least => {
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map(image => image.decode().catch(() => null)));
  const height = innerHeight;
  const answers = [...document.querySelectorAll(".answer, #results-at-a-glance")];
  const answered = answers.some(one => one.getBoundingClientRect().top < height - 60);
  // From here on with all folds open.
  for (const fold of document.querySelectorAll("details")) fold.open = true;

  const name = element => {
    const text = (element.textContent || element.alt || "").trim().replace(/\s+/g, " ");
    return `<${element.localName} class="${element.getAttribute("class") || ""}"> ${text.slice(0, 50)}`;
  };
  const shown = element => element.checkVisibility({opacityProperty: true, visibilityProperty: true});

  const blank = image => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0, 64, 64);
    const pixels = new Uint32Array(pen.getImageData(0, 0, 64, 64).data.buffer);
    return new Set(pixels).size < 3;
  };
  const images = [...document.querySelectorAll("article img")].map(image => ({
    name: image.getAttribute("src").slice(-60), alt: image.alt,
    blank: image.naturalWidth === 0 || blank(image),
  }));

  // A thing may be wider than the window only inside something that scrolls or cuts.
  const held = element => {
    for (let one = element.parentElement; one && one !== document.body; one = one.parentElement)
      if (getComputedStyle(one).overflowX !== "visible") return true;
    return false;
  };
  const wide = [...document.querySelectorAll("body *")].filter(element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.right > innerWidth + 1 && shown(element) && !held(element);
  }).map(name);
  if (document.scrollingElement.scrollWidth > innerWidth + 1) wide.push("the page");

  const rgba = text => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return text.startsWith("color(srgb") ? [255 * r, 255 * g, 255 * b, a] : [r, g, b, a];
  };
  const over = (top, under) => [0, 1, 2].map(i => top[3] * top[i] + (1 - top[3]) * under[i]);
  const ground = element => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] > 0) layers.unshift(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduce((under, layer) => over(layer, under), [255, 255, 255]);
  };
  const luminance = colour => {
    const linear = c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = colour.map(c => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = element => {
    const under = ground(element), ink = over(rgba(getComputedStyle(element).color), under);
    const [dark, light] = [luminance(ink), luminance(under)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const words = element => [...element.childNodes].some(
    node => node.nodeType === Node.TEXT_NODE && /\p{L}|\d/u.test(node.data));
  const texts = [...document.querySelectorAll("article *, .bd-sidebar-primary *")].filter(
    element => words(element) && shown(element) && !element.closest("svg, script, style, .js-plotly-plot"));
  const faint = texts.map(element => [contrast(element), name(element)])
    .filter(([ratio]) => ratio < least).map(([ratio, text]) => `${ratio.toFixed(2)}: ${text}`);

  const numbers = [...document.querySelectorAll("figcaption .caption-number")].map(
    one => Number(one.textContent.match(/\d+/)[0]));
  return {answered, images, wide, faint, numbers, texts: texts.length};
}
