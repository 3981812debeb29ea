// Find, zoom, move and walk in the picture. The page says and does everything else without this file.
const still = matchMedia("(prefers-reduced-motion: reduce)");

for (const view of document.querySelectorAll("[data-graph]")) {
  const box = view.querySelector(".scroll");
  const svg = box.querySelector("svg");
  const nodes = new Map([...svg.querySelectorAll(".node")].map((node) => [node.dataset.n, node]));
  const edges = [...svg.querySelectorAll(".edge")];
  const [width, height] = [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height];
  let scale = Math.min(1, svg.getBoundingClientRect().width / width);

  function zoom(to, x = box.clientWidth / 2, y = box.clientHeight / 2) {
    to = Math.max(0.1, Math.min(4, to));
    const [left, top] = [(box.scrollLeft + x) / scale, (box.scrollTop + y) / scale];
    scale = to;
    svg.classList.remove("fits");
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
    box.scrollLeft = left * scale - x;
    box.scrollTop = top * scale - y;
  }
  const whole = () => zoom(Math.min(1.5, (box.clientWidth - 4) / width, (box.clientHeight - 4) / height));
  const step = (sign) => (sign ? zoom(scale * 1.25 ** sign) : whole());

  for (const button of view.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => step(Number(button.dataset.zoom)));
  }
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const frame = box.getBoundingClientRect();
    zoom(scale * 1.0015 ** -event.deltaY, event.clientX - frame.left, event.clientY - frame.top);
  }, { passive: false });

  let held = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button === 0) held = { x: event.clientX, y: event.clientY, moved: false };
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    if (!held.moved && Math.hypot(event.clientX - held.x, event.clientY - held.y) < 4) return;
    held.moved = true;
    box.classList.add("drags");
    box.scrollLeft -= event.movementX;
    box.scrollTop -= event.movementY;
  });
  addEventListener("pointerup", () => {
    box.classList.remove("drags");
    setTimeout(() => { held = null; });
  });
  box.addEventListener("click", (event) => { if (held && held.moved) event.preventDefault(); }, true);
  box.addEventListener("dragstart", (event) => event.preventDefault());

  const middle = (node) => {
    const { x, y, width: w, height: h } = node.querySelector("rect").getBBox();
    return { x: x + w / 2, y: y + h / 2, half: w / 2 };
  };
  function go(node) {
    node.focus({ preventScroll: true });
    node.scrollIntoView({ block: "nearest", inline: "nearest", behavior: still.matches ? "auto" : "smooth" });
  }
  function walk(from, key) {
    const at = middle(from);
    const sideways = key === "ArrowLeft" || key === "ArrowRight";
    const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    const name = from.dataset.n;
    const linked = new Set(edges.flatMap((edge) => edge.dataset.s === name ? [edge.dataset.t] : edge.dataset.t === name ? [edge.dataset.s] : []));
    let best = null;
    for (const [number, node] of nodes) {
      if (node === from || (sideways && !linked.has(number))) continue;
      const to = middle(node);
      const [dx, dy] = [to.x - at.x, to.y - at.y];
      if ((sideways ? dx : dy) * sign <= 1) continue;
      if (!sideways && Math.abs(dx) > at.half + to.half) continue;
      const cost = sideways ? Math.abs(dy) * 2 + Math.abs(dx) : Math.abs(dy) + Math.abs(dx) / 4;
      if (!best || cost < best.cost) best = { cost, node };
    }
    if (best) go(best.node);
  }
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const sign = { "+": 1, "=": 1, "-": -1, 0: 0 }[event.key];
    if (sign !== undefined) { event.preventDefault(); step(sign); return; }
    if (!event.key.startsWith("Arrow")) return;
    const node = event.target.closest(".node");
    if (!node) return;
    event.preventDefault();
    walk(node, event.key);
  });
  svg.addEventListener("focusin", (event) => {
    const node = event.target.closest(".node");
    svg.classList.toggle("walks", Boolean(node));
    for (const edge of edges) edge.classList.toggle("near", Boolean(node) && [edge.dataset.s, edge.dataset.t].includes(node.dataset.n));
  });
  svg.addEventListener("focusout", () => svg.classList.remove("walks"));

  const find = view.querySelector("[data-find]");
  const found = view.querySelector("[data-found]");
  let hits = [];
  let turn = -1;
  find.addEventListener("input", () => {
    const text = find.value.trim().toLowerCase();
    svg.classList.toggle("seeks", Boolean(text));
    hits = [...svg.querySelectorAll(".node")].filter((node) => {
      const hit = Boolean(text) && node.querySelector("title").textContent.toLowerCase().includes(text);
      node.classList.toggle("hit", hit);
      return hit;
    });
    turn = -1;
    found.textContent = text ? `${hits.length} found` : "";
    if (hits.length) hits[0].scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !hits.length) return;
    event.preventDefault();
    turn = (turn + 1) % hits.length;
    go(hits[turn]);
  });
}
