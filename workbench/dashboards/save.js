// Figures are drawn for the dark theme. What is saved looks as the page does: the light one turns lightness round.
const worn = getComputedStyle(document.body).getPropertyValue("--wb-figure-filter").trim();
const filter = worn && worn !== "none" ? worn : null;
// A notebook has no card of ours: there the colour is turned round like all others.
const hasCard = getComputedStyle(document.body).getPropertyValue("--wb-card") !== "";
const card = (() => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.background = "var(--wb-card, #1e293b)";
  const color = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return color;
})();

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function painted(width, height, paint) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (filter && !hasCard) context.filter = filter;
  context.fillStyle = card;
  context.fillRect(0, 0, width, height);
  if (filter) context.filter = filter;
  paint(context);
  return canvas;
}

async function savePicture(plot, name) {
  const view = Bokeh.index.query_one((view) => view.model === plot);
  const drawn = await createImageBitmap(await view.export("auto", true).to_blob());
  const canvas = painted(drawn.width, drawn.height, (context) => context.drawImage(drawn, 0, 0));
  canvas.toBlob((blob) => save(blob, name));
}

// The browser itself says what it makes of a colour.
function dressedColors(svg) {
  const known = new Map(hasCard ? [["#1e293b", card]] : []);
  const dressed = (color) => {
    if (!known.has(color)) {
      const pixel = painted(1, 1, (context) => { context.fillStyle = color; context.fillRect(0, 0, 1, 1); });
      const [red, green, blue] = pixel.getContext("2d").getImageData(0, 0, 1, 1).data;
      known.set(color, "#" + [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join(""));
    }
    return known.get(color);
  };
  return svg.replace(/\b(fill|stroke)="(#[0-9a-f]{6})"/gi, (_, key, color) => `${key}="${dressed(color)}"`);
}
