// One peer draws the same card again and again: node draw.mjs PEER FOLDER COUNT [BROWSER]
// FOLDER holds card.jpg (the photo in the card's size), logo.png, NotoSans-Bold.ttf and messages.json.
// Prints the milliseconds of processor time of each card after the warm-up, and the KB of the last, as JSON.
import { readFileSync, writeFileSync } from "node:fs";

const [, , peer, folder, count, browser] = process.argv;
const [WIDTH, HEIGHT, MARGIN, TAG, WARM] = [1200, 675, 53, "#UniteForAfghanistan", 10];
const messages = JSON.parse(readFileSync(`${folder}/messages.json`, "utf8"));
const font = readFileSync(`${folder}/NotoSans-Bold.ttf`);
const url = (name, mime) => `data:${mime};base64,${readFileSync(`${folder}/${name}`).toString("base64")}`;

// The largest of these sizes at which the words fit their box: what `fit` has to find, the simplest way.
// `measure` gives the width of a word and a space in parts of the size.
function fitted(text, measure) {
  for (let size = 74; size > 26; size -= 4) {
    const lines = [];
    let line = "";
    let filled = 0;
    for (const word of text.split(" ")) {
      const wide = measure(word) * size;
      if (filled + wide > 835 && line) {
        lines.push(line);
        line = "";
        filled = 0;
      }
      line = line ? `${line} ${word}` : word;
      filled += wide;
    }
    lines.push(line);
    if (lines.length * size * 1.2 <= 250) return { size, lines };
  }
  throw new Error("the words don't fit");
}

const peers = {
  async canvas() {
    const { createCanvas, loadImage, registerFont } = await import("canvas");
    registerFont(`${folder}/NotoSans-Bold.ttf`, { family: "Card", weight: "bold" });
    const [photo, logo] = [await loadImage(`${folder}/card.jpg`), await loadImage(`${folder}/logo.png`)];
    const ground = createCanvas(WIDTH, HEIGHT);
    const under = ground.getContext("2d");
    under.drawImage(photo, 0, 0, WIDTH, HEIGHT);
    const veil = under.createLinearGradient(0, 200, 0, HEIGHT);
    veil.addColorStop(0, "rgba(11,10,18,0)");
    veil.addColorStop(1, "rgba(11,10,18,0.85)");
    under.fillStyle = veil;
    under.fillRect(0, 200, WIDTH, HEIGHT - 200);
    under.font = "bold 100px Card";
    const widths = new Map();
    const measure = (word) => {
      if (!widths.has(word)) widths.set(word, under.measureText(`${word} `).width / 100);
      return widths.get(word);
    };
    return (text) => {
      const canvas = createCanvas(WIDTH, HEIGHT);
      const draw = canvas.getContext("2d");
      draw.drawImage(ground, 0, 0);
      const { size, lines } = fitted(text, measure);
      draw.font = `bold ${size}px Card`;
      draw.fillStyle = "#faf6ec";
      lines.forEach((line, at) => draw.fillText(line, MARGIN, 570 - (lines.length - 1 - at) * size * 1.2));
      draw.font = "bold 35px Card";
      draw.fillStyle = "#ffdd33";
      draw.fillText(TAG, MARGIN, HEIGHT - MARGIN);
      draw.drawImage(logo, WIDTH - MARGIN - 48, HEIGHT - MARGIN - 44, 48, 48);
      return canvas.toBuffer("image/jpeg", { quality: 0.9 });
    };
  },
  async satori() {
    const { default: satori } = await import("satori");
    const { Resvg } = await import("@resvg/resvg-js");
    const options = { width: WIDTH, height: HEIGHT, fonts: [{ name: "Card", data: font, weight: 700 }] };
    const [photo, logo] = [url("card.jpg", "image/jpeg"), url("logo.png", "image/png")];
    return async (text) => {
      const svg = await satori(tree(text, photo, logo), options);
      return new Resvg(svg, { font: { loadSystemFonts: false } }).render().asPng();
    };
  },
  async takumi() {
    const { Renderer } = await import("@takumi-rs/core");
    const renderer = new Renderer();
    const images = [
      { src: "photo", data: readFileSync(`${folder}/card.jpg`) },
      { src: "logo", data: readFileSync(`${folder}/logo.png`) },
    ];
    const options = { width: WIDTH, height: HEIGHT, format: "jpeg", quality: 90, images };
    options.fonts = [{ name: "Card", data: font, weight: 700 }];
    const plain = (node) => ({
      type: node.type === "img" ? "image" : "container",
      src: node.props.src,
      style: node.props.style,
      children: [node.props.children ?? []].flat().map((one) =>
        typeof one === "string" ? { type: "text", text: one, style: {} } : plain(one),
      ),
    });
    return (text) => renderer.render(plain(tree(text, "photo", "logo")), options);
  },
  async chromium() {
    const { default: puppeteer } = await import("puppeteer-core");
    const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
    const started = await puppeteer.launch({ executablePath: browser, args });
    const page = await started.newPage();
    await page.setViewport({ width: WIDTH, height: HEIGHT });
    const face = `@font-face{font-family:Card;src:url(${url("NotoSans-Bold.ttf", "font/ttf")})}`;
    await page.setContent(`<style>${face}body{margin:0;font:700 20px Card}</style><div id="card"></div>`);
    const [photo, logo] = [url("card.jpg", "image/jpeg"), url("logo.png", "image/png")];
    await page.evaluate((markup) => (document.getElementById("card").innerHTML = markup), html(tree(" ", photo, logo)));
    const draw = async (text) => {
      await page.evaluate((words) => (document.getElementById("message").textContent = words), text);
      return page.screenshot({ type: "jpeg", quality: 90, optimizeForSpeed: true });
    };
    return Object.assign(draw, { close: () => started.close() });
  },
};

function box(style, children, id) {
  return { type: "div", props: { id, style: { display: "flex", position: "absolute", ...style }, children } };
}

function tree(text, photo, logo) {
  const widthOf = (word) => (word.length + 1) * 0.58; // a browser breaks the lines itself; the size is found here
  const { size } = fitted(text, widthOf);
  const image = (src, style) => ({ type: "img", props: { src, style: { position: "absolute", ...style } } });
  const whole = { left: 0, top: 0, width: WIDTH, height: HEIGHT };
  return box({ ...whole, fontFamily: "Card", fontWeight: 700 }, [
    image(photo, { ...whole, objectFit: "cover" }),
    box({ left: 0, top: 200, width: WIDTH, height: 475, backgroundImage: "linear-gradient(rgba(11,10,18,0), rgba(11,10,18,0.85))" }, []),
    box({ left: MARGIN, top: 320, width: 835, height: 250, alignItems: "flex-end", fontSize: size, lineHeight: 1.2, color: "#faf6ec" }, text, "message"),
    box({ left: MARGIN, top: 585, fontSize: 35, color: "#ffdd33" }, TAG),
    image(logo, { left: WIDTH - MARGIN - 48, top: HEIGHT - MARGIN - 44, width: 48, height: 48 }),
  ]);
}

function html(node) {
  if (typeof node === "string") return node;
  const css = Object.entries(node.props.style).map(([key, value]) => {
    const unit = typeof value === "number" && !["fontWeight", "lineHeight"].includes(key) ? "px" : "";
    return `${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}:${value}${unit}`;
  });
  const inside = [node.props.children ?? []].flat().map(html).join("");
  const source = node.props.src ? ` src="${node.props.src}"` : "";
  return `<${node.type} id="${node.props.id ?? ""}"${source} style='${css.join(";")}'>${inside}</${node.type}>`;
}

const draw = await peers[peer]();
const clock = () => {
  if (peer === "chromium") return performance.now(); // it works in other processes
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const times = [];
let last;
for (let at = 0; at < WARM + Number(count); at++) {
  const began = clock();
  last = await draw(messages[at % messages.length]);
  times.push(clock() - began);
}
writeFileSync(`${folder}/${peer}.out`, last);
await draw.close?.();
console.log(JSON.stringify({ ms: times.slice(WARM), kb: last.length / 1000 }));
