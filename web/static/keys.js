// Keyboard shortcuts, and filters that apply when they change. Every page works without this file.
const places = { h: "/", c: "/catalog", p: "/problems", s: "/search" };
let leading = false;
let at = -1;

function move(step) {
  const links = [...document.querySelectorAll("[data-list] tbody th a, [data-list] > li > p:first-child a")];
  if (!links.length) return;
  at = Math.max(0, Math.min(links.length - 1, at + step));
  links[at].focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (leading) {
    leading = false;
    if (places[event.key]) location.href = places[event.key];
  } else if (event.key === "g") {
    leading = true;
    setTimeout(() => { leading = false; }, 1500);
  } else if (event.key === "/") {
    event.preventDefault();
    document.querySelector("[data-search]").select();
    document.querySelector("[data-search]").focus();
  } else if (event.key === "?") {
    document.getElementById("keys").showModal();
  } else if (event.key === "j" || event.key === "k") {
    move(event.key === "j" ? 1 : -1);
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

for (const box of document.querySelectorAll(".picture .scroll")) {
  const root = box.querySelector(".node.root rect");
  if (root) box.scrollLeft += root.getBoundingClientRect().left - box.getBoundingClientRect().left - box.clientWidth / 3;
}
