// Keyboard shortcuts, filters that apply when they change, and what has to be in sight first. Every page works without this file.
{
  const ROWS = "[data-list] > tbody > tr, [data-list] > li";
  let leading = false;
  let at = -1;

  const go = (link) => { if (link) location.href = link.href; };
  const find = (selector) => document.querySelector(selector);

  function move(step) {
    const links = [...document.querySelectorAll(ROWS)].map((row) => row.querySelector("a[href]")).filter(Boolean);
    if (!links.length) return;
    const focused = links.indexOf(document.activeElement);
    at = Math.max(0, Math.min(links.length - 1, (focused < 0 ? at : focused) + step));
    links[at].focus();
  }

  const actions = {
    "/": () => { const box = find("[data-search]"); box?.focus(); box?.select(); },
    "?": () => find("#keys").showModal(),
    "[": () => go(find("a[rel=prev]")),
    "]": () => go(find("a[rel=next]")),
    j: () => move(1),
    k: () => move(-1),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && typing) event.target.blur();
    if (typing || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]")) return;
    if (leading) {
      leading = false;
      go(find(`[data-go="${CSS.escape(event.key)}"]`));
    } else if (event.key === "g") {
      leading = true;
      setTimeout(() => { leading = false; }, 1500);
    } else if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
  });

  for (const form of document.querySelectorAll("form[data-auto]")) {
    form.addEventListener("change", (event) => { if (event.target.matches("select")) form.requestSubmit(); });
    form.addEventListener("submit", () => {
      for (const field of form.elements) if (!field.value) field.disabled = true;
    });
  }
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form[data-auto] :disabled")) field.disabled = false;
  });

  // Ten places in one row are wider than a phone: the one that is open is brought into sight, and nothing else moves.
  const here = find(".places [aria-current]");
  const row = here?.closest(".places");
  const isWide = matchMedia("(min-width: 70rem)").matches; // there all of them have room, and nothing needs to be measured
  if (row && !isWide) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;

  for (const box of document.querySelectorAll(".picture .scroll")) {
    const root = box.querySelector(".node.root rect");
    if (!root) continue;
    const [frame, at] = [box.getBoundingClientRect(), root.getBoundingClientRect()];
    box.scrollLeft += at.left - frame.left - box.clientWidth / 3;
    box.scrollTop += at.top - frame.top - box.clientHeight / 3;
  }
}
